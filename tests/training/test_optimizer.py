"""Parameter groups, steps and learning rates of the released solvers."""

from typing import Any

import pytest
import torch
from fixtures.training import equal_bits

from fcnlib.config.schema_nets import Recipe
from fcnlib.models.batch_norm import add_batch_norm
from fcnlib.models.fcn import build_fcn
from fcnlib.training.optimizer import lr_factor, make_optimizer


def test_groups_are_the_papers() -> None:
    net = build_fcn(width=1 / 32)
    values = Recipe(learning_rate=1e-3, iterations=1, validate_every=1, score_lr_multiplier=10.0)
    groups = {}
    names = {id(p): name for name, p in net.named_parameters()}
    optimizer = make_optimizer(net, values)
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            groups[names[id(parameter)]] = (group["lr"], group["weight_decay"])
    assert optimizer.momentum == 0.99
    assert groups["conv3_2.weight"] == pytest.approx((1e-3, 5e-4))
    assert groups["conv3_2.bias"] == pytest.approx((2e-3, 0))
    assert groups["score_pool3.weight"] == pytest.approx((1e-2, 5e-4))
    assert groups["score_fr.bias"] == pytest.approx((2e-2, 0))
    assert not [name for name in groups if name.startswith("upscore")]


def test_groups_of_variants_hold_what_is_trained() -> None:
    values = Recipe(learning_rate=1e-3, iterations=1, validate_every=1)

    def names(**variant: Any) -> set[str]:
        net = build_fcn(width=1 / 32, **variant)
        found = {id(p): name for name, p in net.named_parameters()}
        groups = make_optimizer(net, values).param_groups
        return {found[id(p)] for group in groups for p in group["params"]}

    plain = names()
    assert names(upsampling="learned") - plain == {"upscore2.weight", "upscore_pool4.weight"}
    assert names(features="fixed") == {name for name in plain if name.startswith("score")}


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_steps_are_torchs_own_to_the_bit(momentum: float, layout: torch.memory_format) -> None:
    values = Recipe(learning_rate=1e-2, iterations=1, validate_every=1, momentum=momentum)
    ours, theirs = (build_fcn(width=1 / 32).to(memory_format=layout) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    optimizer = make_optimizer(ours, values)
    groups = make_optimizer(theirs, values).param_groups
    known = torch.optim.SGD(groups, momentum=momentum, fused=True)
    for _ in range(3):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            if mine.requires_grad:
                mine.grad = torch.randn_like(mine)
                other.grad = mine.grad.clone()
        optimizer.step()
        known.step()
        optimizer.zero_grad()
    assert equal_bits(ours.state_dict(), theirs.state_dict())
    assert not [p for p in ours.parameters() if p.grad is not None]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_velocities_that_were_stored_in_another_layout_give_the_same_steps(kind: str) -> None:
    values = Recipe(learning_rate=1e-2, iterations=1, validate_every=1, optimizer=kind)
    nets = [build_fcn(width=1 / 32).to(memory_format=torch.channels_last) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    first, second = (make_optimizer(net, values) for net in nets)
    for step in range(3):
        for one, other in zip(*(net.parameters() for net in nets), strict=True):
            if one.requires_grad:
                one.grad = torch.randn_like(one)
                other.grad = one.grad.clone()
        first.step()
        second.step()
        if step == 1:
            stored = [[v if v is None else v.contiguous() for v in g] for g in first.velocities]
            assert any(v is not None and not v.is_contiguous() for v in first.velocities[0])
            second.resume_from(stored, first.steps)
    assert equal_bits(nets[0].state_dict(), nets[1].state_dict())


def test_adamw_steps_are_torchs_own_to_the_bit_also_when_resumed() -> None:
    values = Recipe(
        learning_rate=1e-2, iterations=1, validate_every=1, momentum=0.9, optimizer="adamw"
    )
    ours, theirs = (build_fcn(width=1 / 32) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    for net in (ours, theirs):
        to: Any = net.to
        to(memory_format=torch.channels_last)
    optimizer = make_optimizer(ours, values)
    groups = make_optimizer(theirs, values).param_groups
    known = torch.optim.AdamW(groups, betas=(0.9, 0.999), fused=True)
    for step in range(4):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            if mine.requires_grad:
                mine.grad = torch.randn_like(mine)
                other.grad = mine.grad.clone()
        if step == 2:
            velocities = optimizer.velocities
            optimizer = make_optimizer(ours, values)
            optimizer.resume_from(velocities, steps=2)
        optimizer.step()
        known.step()
    assert equal_bits(ours.state_dict(), theirs.state_dict())
    for group, velocities in zip(optimizer.param_groups, optimizer.velocities, strict=True):
        for parameter, velocity in zip(group["params"], velocities, strict=True):
            like = optimizer.velocity_like(parameter)
            assert velocity is not None and like is not None
            assert (velocity.shape, velocity.dtype) == (like.shape, like.dtype)


def test_a_gpu_finds_the_number_of_adamws_steps_in_its_own_memory(pretended_gpu: None) -> None:
    """CUDA's fused step reads it there, and PyTorch does not check that."""
    values = Recipe(learning_rate=1e-2, iterations=1, validate_every=1, optimizer="adamw")
    net = build_fcn(width=1 / 32).to("cuda")
    optimizer = make_optimizer(net, values)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = net["score_fr"].bias.clone()
    optimizer.step()
    assert not torch.equal(net["score_fr"].bias, before)


def test_adamw_decays_weights_alone_and_has_one_rate_for_weights_and_biases() -> None:
    net = build_fcn(width=1 / 32)
    add_batch_norm(net)
    values = Recipe(
        learning_rate=1e-3,
        iterations=1,
        validate_every=1,
        score_lr_multiplier=10.0,
        weight_decay=0.01,
        optimizer="adamw",
    )
    names = {id(p): name for name, p in net.named_parameters()}
    found = {
        names[id(p)]: (group["lr"], group["weight_decay"])
        for group in make_optimizer(net, values).param_groups
        for p in group["params"]
    }
    assert found["conv3_2.weight"] == pytest.approx((1e-3, 0.01))
    for name in ("conv3_2.bias", "conv3_2.norm.weight", "conv3_2.norm.bias"):
        assert found[name] == pytest.approx((1e-3, 0))
    assert found["score_pool3.weight"] == pytest.approx((1e-2, 0.01))
    assert found["score_fr.bias"] == pytest.approx((1e-2, 0))


@pytest.mark.parametrize(
    ("iteration", "factor"), [(0, 0.1), (4, 0.5), (9, 1), (20, 1), (60, 0.5), (80, 0.146447)]
)
def test_the_rate_rises_linearly_and_falls_along_a_cosine(iteration: int, factor: float) -> None:
    values = Recipe(
        learning_rate=1,
        iterations=100,
        validate_every=1,
        lr_warmup=0.1,
        lr_decay="cosine",
        lr_decay_start=0.2,
    )
    assert lr_factor(iteration, values) == pytest.approx(factor, rel=1e-5)


@pytest.mark.parametrize(("iteration", "factor"), [(0, 1), (49, 1), (50, 1), (60, 0.8), (99, 0.02)])
def test_the_rate_decays_linearly_from_the_given_share_on(iteration: int, factor: float) -> None:
    values = Recipe(learning_rate=1, iterations=100, validate_every=1, lr_decay_start=0.5)
    assert lr_factor(iteration, values) == pytest.approx(factor)
    optimizer = make_optimizer(build_fcn(width=1 / 32), values)
    optimizer.scale_lr(lr_factor(iteration, values))
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(
        [factor, 2 * factor, factor, 2 * factor]
    )
