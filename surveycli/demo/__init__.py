"""The demo: the main job on real data, and what answers best for each kind of cell."""

from surveycli.demo.job import DemoReport, run_demo

__all__ = ["DemoReport", "run_demo"]
