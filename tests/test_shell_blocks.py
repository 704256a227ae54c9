"""What the README gives to paste into a shell survives it, in bash and in zsh."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
SHELLS = [shell for shell in ("bash", "zsh") if shutil.which(shell)]


def commands(block):
    """Give the lines of a block without the files that are written in it."""
    return re.sub(r"(<<'(\w+)'\n).*?^\2\n", r"\1", block, flags=re.DOTALL | re.MULTILINE)


def hazards(block):
    """Tell what of a block an interactive shell does not take as it is meant."""
    found = []
    if "!" in block:
        found.append("an exclamation mark recalls an earlier command, in bash also within a file that is written")
    if "\t" in block:
        found.append("a tab completes names")
    if not block.endswith("\n"):
        found.append("the last command waits for a return")
    # what stands in quotes is taken as it is, but for variables and commands
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "Q", commands(block))
    if '"' in bare or "'" in bare:
        found.append("a quote is open")
    if re.search(r"(^|\s)#", bare):
        found.append("zsh takes a comment for a command")
    if re.search(r"[\[\]?{}()^]", bare):
        found.append("zsh takes a bracket for a pattern and fails where no file fits")
    if re.search(r"(^|\s)=\w", bare):
        found.append("zsh takes =word for the path of a program")
    return found


def test_there_are_blocks_and_each_fence_says_what_it_holds():
    assert len(BLOCKS) >= 10
    opened = re.findall(r"^```(.*)$", README, re.MULTILINE)[::2]
    assert set(opened) <= {"bash", "python"}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_holds_nothing_that_an_interactive_shell_takes_otherwise(block):
    assert hazards(block) == []


@pytest.mark.parametrize(
    "block",
    [
        "pip install airflow-provider-pipelines[emulator]\n",
        "make demo # takes a while\n",
        "# first\nmake demo\n",
        'echo "done!"\n',
        "cat > file <<'END'\nprint(1 != 2)\nEND\n",
        "ls\tfolder\n",
        "which =python\n",
        'echo "open\n',
        "make demo",
    ],
)
def test_what_breaks_when_it_is_pasted_is_found(block):
    assert hazards(block) != []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("block", BLOCKS)
def test_a_shell_can_read_a_block(shell, block):
    read = subprocess.run([shell, "-n"], input=block, capture_output=True, text=True, check=False, timeout=30)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_files_of_the_quick_start_are_the_dags_of_the_readme(shell, tmp_path):
    (block,) = (block for block in BLOCKS if "first_light.py" in block)
    run = subprocess.run(
        [shell], input=block, capture_output=True, text=True, check=False, timeout=30,
        env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path / "a home")},
    )  # fmt: skip
    assert (run.returncode, run.stderr, run.stdout.split()) == (0, "", ["first_light.py", "nightly.py"])
    written = [(tmp_path / "a home" / "dags" / name).read_text() for name in run.stdout.split()]
    assert written == re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_second_terminal_of_the_quick_start_finds_what_the_first_one_made():
    quick = README.partition("## Quick start")[2].partition("\n## ")[0]
    blocks = [block for block in BLOCKS if block in quick]
    assert "source first-light/venv/bin/activate\n" in blocks[0]
    assert 'cd first-light\nexport AIRFLOW_HOME="$PWD/airflow"\n' in blocks[0]
    assert ['source venv/bin/activate\nexport AIRFLOW_HOME="$PWD/airflow"\n' in block for block in blocks].count(
        True
    ) == 1
