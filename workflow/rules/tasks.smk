"""Seed → networks that learn tasks whose truth is known."""

TASK = "results/tasks/task={task}/variant={variant}/length={length}/seed={seed}"

PARTS["tasks"] = study.made(
    "tasks",
    expand(
        f"{TASK}/record.json",
        task=study["tasks"]["kinds"],
        variant=study["tasks"]["variants"],
        length=study["tasks"]["lengths"],
        seed=study["tasks"]["seeds"],
    ),
)


rule task:
    """Let one network learn one task."""
    output:
        f"{TASK}/record.json",
    log:
        f"{TASK}/task.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        hidden_size=study["tasks"]["hidden_size"],
        batch_size=study["tasks"]["batch_size"],
        learning_rate=study["tasks"]["learning_rate"],
        clip_norm=study["tasks"]["clip_norm"],
        max_steps=study["tasks"]["max_steps"],
        determinism=study["runs"]["determinism"],
        source=sources("task"),
    script:
        "../scripts/tasks/task.py"
