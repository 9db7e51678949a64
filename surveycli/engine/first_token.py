"""First-token maths: option logits to probabilities to loss. Tensors in, tensors out; one function per quantity.

Shapes: N prompts, K options at most. A prompt with fewer options has `present` False beyond its own; such places hold
anything on the way in and exactly 0 probability on the way out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from surveycli.configuration import Loss


def option_log_probabilities(logits: Tensor, present: Tensor) -> Tensor:
    """Return the log softmax over each prompt's own options: (N, K) logits, (N, K) bool -> (N, K), -inf if absent."""
    return logits.masked_fill(~present, -torch.inf).log_softmax(dim=-1)


def log_letter_mass(logits: Tensor, present: Tensor, log_normaliser: Tensor) -> Tensor:
    """Return the log of the option letters' total probability: (N,), in nats, 0 at most.

    `log_normaliser` (N,) is the logsumexp of the whole vocabulary's logits at the same position.
    """
    wide = logits.to(log_normaliser.dtype).masked_fill(~present, -torch.inf)
    return wide.logsumexp(dim=-1) - log_normaliser


def outside_mass(logits: Tensor, present: Tensor, log_normaliser: Tensor) -> Tensor:
    """Return the probability of all tokens other than option letters, arguments as above: (N,), 0 to 1."""
    return (-torch.expm1(log_letter_mass(logits, present, log_normaliser))).clamp(0.0, 1.0)


def loss_per_prompt(logits: Tensor, present: Tensor, human: Tensor, loss: Loss = Loss.KL) -> Tensor:
    """Return one loss per prompt (N,), in nats except for `emd` (0 to 1).

    With p the human shares and q the model's option probabilities:
    kl = sum p log(p/q), the training loss of Cao et al. 2025 with its 1/K left out; kl-per-option = kl / K, which is
    what their released code computes; cross-entropy = -sum p log q; js = (KL(p||m) + KL(q||m))/2 with m = (p+q)/2;
    emd = mean over the K-1 steps between options of |cumulated p - cumulated q|.
    """
    log_q = option_log_probabilities(logits.to(torch.promote_types(logits.dtype, torch.float32)), present)
    p = human.to(log_q.dtype)
    n_options = present.sum(dim=-1)
    if loss is Loss.EMD:
        steps = (p.cumsum(-1) - log_q.exp().cumsum(-1)).abs() * present
        return steps.sum(-1) / (n_options - 1).clamp(min=1)
    if loss is Loss.JS:
        q = log_q.exp()
        middle = (p + q) / 2
        return (_kl(p, middle, present) + _kl(q, middle, present)) / 2
    finite_log_q = log_q.masked_fill(~present, 0.0)
    cross_entropy = -(p * finite_log_q).sum(-1)
    if loss is Loss.CROSS_ENTROPY:
        return cross_entropy
    kl: Tensor = cross_entropy + torch.special.xlogy(p, p).sum(-1)
    return kl / n_options if loss is Loss.KL_PER_OPTION else kl


def _kl(p: Tensor, q: Tensor, present: Tensor) -> Tensor:
    tiny = torch.finfo(p.dtype).tiny
    terms = p * (p.clamp(min=tiny).log() - q.clamp(min=tiny).log())
    return (terms * present).sum(-1)
