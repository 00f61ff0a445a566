"""Cut out of a chapter the code that an answer may use: the names as they stand before it.

An answer that runs in the page begins where its reader is. To run the whole chapter first would
take a training or two, so the code is sliced: only what the wanted names are made from.
"""

import ast
import builtins
import copy
import symtable

# Not in the page: figures and widgets. What needs them is left out.
HEAVY = ("IPython", "matplotlib", "anywidget", "tinycnn_lib.plotting", "tinycnn_lib.explorers",
         "tinycnn_lib.display")  # fmt: skip
TRAINERS = {"fit"}  # functions that change what they are given first
STEPS = {"forward", "backward", "step"}  # methods that change what they are called on
DATA = {"make_dataset_bundle", "traced_image"}  # what makes a chapter's arrays
BUILTIN = set(dir(builtins))
IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def statements(cell):
    """Return a cell's top-level statements as (node, source), magic commands left out."""
    source = "\n".join(line for line in cell.splitlines() if not line.startswith(("%", "!")))
    lines = source.splitlines()
    found = []
    for node in ast.parse(source).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        found.append((node, "\n".join(lines[first - 1 : node.end_lineno])))
    return found


def outside(node):
    """Yield the parts of a statement, none of a function or a class: their names are their own."""
    yield node
    for child in ast.iter_child_nodes(node) if not isinstance(node, DEFINITIONS) else ():
        yield from outside(child)


def one_by_one(node, source):
    """Yield (node, source) of a statement; of a loop or a branch its head, then its statements."""
    if isinstance(node, DEFINITIONS) or not hasattr(node, "body"):
        yield node, source
        return
    inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    head = copy.copy(node)
    head.body, head.orelse = [ast.Pass()], []
    for part in (head, *inner):
        if part is head:
            yield head, ast.unparse(head)
        else:
            yield from one_by_one(part, ast.unparse(part))


def names_in(node, source):
    """Return (the global names that a statement reads, those that it binds)."""

    def reads_within(table):
        for child in table.get_children():
            yield from (s.get_name() for s in child.get_symbols() if s.is_global())
            yield from reads_within(child)

    table = symtable.symtable(source, "a cell", "exec")
    symbols = table.get_symbols()
    reads = {s.get_name() for s in symbols if s.is_referenced()} | set(reads_within(table))
    reads |= {root_of(part.target) for part in outside(node) if isinstance(part, ast.AugAssign)}
    loops = [part.target for part in ast.walk(node) if isinstance(part, ast.For)]
    own = {part.id for loop in loops for part in ast.walk(loop) if isinstance(part, ast.Name)}
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    return reads - own - BUILTIN, binds


def names_missing(cells):
    """Return the names that cells read before they bind them."""
    missing, bound = set(), set()
    whole = (pair for cell in cells for pair in statements(cell))
    for node, source in (part for pair in whole for part in one_by_one(*pair)):
        reads, binds = names_in(node, source)
        missing |= reads - bound
        bound |= binds
    return missing


def changed_by(node):
    """Return the names whose objects a statement changes: x[0] = 1, x.y = 1, x.step(), fit(x)."""
    changed = set()
    for part in ast.walk(node):
        if isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            changed.add(root_of(part))
        elif isinstance(part, ast.Call):
            if isinstance(part.func, ast.Attribute) and part.func.attr in STEPS:
                changed.add(root_of(part.func))
            elif isinstance(part.func, ast.Name) and part.func.id in TRAINERS:
                changed.update(root_of(argument) for argument in part.args[:1])
    return changed - {None}


def root_of(node):
    """Return the name at the beginning of x, x.y[0] and the like, or None."""
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def is_heavy(node):
    """Tell whether an import needs what is not in the page."""
    modules = [alias.name for alias in getattr(node, "names", [])]
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    return isinstance(node, IMPORTS) and any(module.startswith(HEAVY) for module in modules)


def light_statements(cells):
    """Return the cells' statements that need no figure, as (node, source, reads, binds)."""
    light, heavy = [], set()
    for node, source in (pair for cell in cells for pair in statements(cell)):
        reads, binds = names_in(node, source)
        if is_heavy(node) or reads & heavy:
            heavy |= binds
        else:
            heavy -= binds
            light.append((node, source, reads, binds))
    return light


def names_before(cells, wanted):
    """Return the source that makes the names `wanted` as they stand after `cells`.

    Parameters
    ----------
    cells : list of str
        The code of the cells before the answer, in their order.
    wanted : set of str
        Names that the answer may use; those that no cell makes are left to Python.

    Returns
    -------
    str
        All imports, and those statements of the cells that make the names, in their order.
    """
    light = light_statements(cells)
    inside = {name: reads for node, _, reads, binds in light for name in binds
              if isinstance(node, DEFINITIONS)}  # fmt: skip

    def with_insides(names):
        """Add what the functions among the names will need where they are called."""
        found = set()
        while names:
            found |= names
            names = set().union(*(inside.get(name, ()) for name in names)) - found
        return found

    kept, wanted = [], with_insides(set(wanted))
    for node, source, reads, binds in reversed(light):
        if isinstance(node, IMPORTS):
            kept.append(source)
        elif wanted & binds or wanted & changed_by(node):
            kept.append(source)
            wanted = (wanted - binds) | with_insides(reads)
    return "".join(f"{source}\n" for source in reversed(kept))


def definitions(cells):
    """Return the source of all that cells import and define, and of the data that they make."""
    return "".join(
        f"{source}\n"
        for node, source, reads, _ in light_statements(cells)
        if isinstance(node, IMPORTS + DEFINITIONS) or reads & DATA
    )
