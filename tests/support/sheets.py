"""Rows of what is known of a vendor: each names its test, or says why it cannot have one."""

import ast
import re


def check_row(where, sheet):
    """
    Check that a row's test exists, or that it gives a reason.

    :param where: ``none: `` and a reason, the name of a test, or ``file::name``; a name in brackets is a history's
    :param sheet: the path of the file with the rows; others are looked for beside it
    """
    if where.startswith("none: "):
        assert len(where) > 20, "a reason says more"
        return
    file, _, name = where.rpartition("::")
    text = (sheet.parent / (file or sheet.name)).read_text()
    if history := re.fullmatch(r"\[(.+)\]", name):
        assert re.search(rf'^\s*(\()?"{re.escape(history[1])}",', text, re.MULTILINE)
    else:
        assert name in {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
