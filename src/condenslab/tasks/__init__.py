"""What is learned: tasks with inputs, targets, held-out samples and the facts known about their targets.

`task(name)` gives a target of the theory, `from_teacher` one of your own, `read_table` samples from a file; `designs`
says where a target is sampled, and `images` brings real digits.
"""

from condenslab.tasks import anchors, designs, images
from condenslab.tasks.functions import names, task
from condenslab.tasks.image_files import FASHION_MNIST, labelled_images, read_idx, read_images
from condenslab.tasks.input_files import read_inputs
from condenslab.tasks.tables import Table, read_table, require_learnable
from condenslab.tasks.task import Facts, Task, from_teacher
from condenslab.tasks.teachers import Teacher, random_teacher

__all__ = [
    "FASHION_MNIST",
    "Facts",
    "Table",
    "Task",
    "Teacher",
    "anchors",
    "designs",
    "from_teacher",
    "images",
    "labelled_images",
    "names",
    "random_teacher",
    "read_idx",
    "read_images",
    "read_inputs",
    "read_table",
    "require_learnable",
    "task",
]
