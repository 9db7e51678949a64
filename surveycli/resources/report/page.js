"use strict";
// Charts become interactive; where that fails the pictures that are there already stay.
for (const source of document.querySelectorAll("script[data-chart]")) {
  const place = document.getElementById(source.dataset.chart);
  const picture = place.innerHTML;
  vegaEmbed(place, JSON.parse(source.textContent), { actions: false, renderer: "svg" })
    .catch(() => { place.innerHTML = picture; });
}

// The explorer: one question of one population, as people answered and as runs predicted.
const explorer = document.getElementById("explorer-cells");
if (explorer) {
  const { runs, items, populations, cells } = JSON.parse(explorer.textContent);
  const chooseItem = document.getElementById("choose-item");
  const choosePopulation = document.getElementById("choose-population");
  const chosen = document.getElementById("chosen");
  const add = (parent, tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    parent.append(element);
    return element;
  };
  const addShare = (row, share, name) => {
    const cell = add(row, "td");
    add(cell, "span", undefined, `bar ${name}`).style.setProperty("--share", String(share));
    cell.append(`${Math.round(100 * share)}%`);
  };
  const show = () => {
    const cell = cells.find((c) => c[0] === Number(chooseItem.value) && c[1] === Number(choosePopulation.value));
    chosen.replaceChildren();
    if (!cell) return;
    const [, wording, options] = items[cell[0]];
    add(chosen, "p", wording, "wording");
    const table = add(chosen, "table", undefined, "bars");
    const head = add(add(table, "thead"), "tr");
    for (const name of ["Answer", "Who", "Share"]) add(head, "th", name).scope = "col";
    const body = add(table, "tbody");
    options.forEach((option, place) => {
      const row = add(body, "tr");
      const label = add(row, "th", option);
      label.scope = "row";
      label.rowSpan = 1 + runs.length;
      add(row, "td", "people");
      addShare(row, cell[2][place], "human");
      runs.forEach((run, number) => {
        const of = add(body, "tr");
        add(of, "td", run);
        addShare(of, cell[3][number][place], `run-${number % 6}`);
      });
    });
  };
  const fillPopulations = () => {
    const before = choosePopulation.value;
    const there = cells.filter((c) => c[0] === Number(chooseItem.value)).map((c) => c[1]);
    choosePopulation.replaceChildren();
    for (const number of there) add(choosePopulation, "option", populations[number]).value = String(number);
    if (before !== "" && there.includes(Number(before))) choosePopulation.value = before;
    show();
  };
  items.forEach(([id, wording], number) => {
    add(chooseItem, "option", `${id}: ${wording.slice(0, 90)}`).value = String(number);
  });
  chooseItem.addEventListener("change", fillPopulations);
  choosePopulation.addEventListener("change", show);
  document.querySelector(".explorer").hidden = false;
  fillPopulations();
}
