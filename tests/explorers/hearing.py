"""What a screen reader would say of a figure, from Chromium's accessibility tree, as lines."""

CONTROLS = {"button", "checkbox", "combobox", "radio", "slider", "spinbutton"}
PASSED = {"InlineTextBox", "MenuListPopup", "option", "Legend"}  # said with what holds them
WHOLE = {"table", "list", "grid", *CONTROLS}  # one line, and nothing of what is inside


def text_of(node, key):
    return str(node.get(key, {}).get("value") or "").strip()


class Hearing:
    """The ear at one figure of a page."""

    def __init__(self, page, figure):
        self.page, self.figure = page, figure
        self.session = page.context.new_cdp_session(page)
        self.session.send("Accessibility.enable")
        self.before = ""  # of the live region, which speaks when it changes

    def _tree(self):
        nodes = self.session.send("Accessibility.getFullAXTree")["nodes"]
        self.nodes = {node["nodeId"]: node for node in nodes}
        name = self.figure.get_attribute("aria-label")
        return next(
            node
            for node in nodes
            if text_of(node, "role") == "group" and text_of(node, "name") == name
        )

    def _inside(self, node):
        """Return all nodes below `node`, in reading order, without what is ignored."""
        found = []
        for name in node.get("childIds", []):
            child = self.nodes.get(name)
            if child:
                found += [] if child.get("ignored") else [child]
                found += self._inside(child)
        return found

    def line(self, node):
        """Return what is said of one node: role, name, value or state, description."""
        role, name = text_of(node, "role"), text_of(node, "name")
        states = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
        value = (role == "slider" and self._value_text(node)) or text_of(node, "value")
        said = f'{role} "{name}"' + (f": {value}" if value else "")
        said += ", chosen" if states.get("checked") == "true" or states.get("selected") else ""
        said += ", unavailable" if states.get("disabled") else ""
        about = text_of(node, "description")
        return said + (f"\n    described: {about}" if about else "")

    def _value_text(self, node):
        """Return a slider's words for its value, which the tree does not hold."""
        found = self.session.send("DOM.resolveNode", {"backendNodeId": node["backendDOMNodeId"]})
        asked = {
            "objectId": found["object"]["objectId"],
            "functionDeclaration": "function () { return this.getAttribute('aria-valuetext'); }",
        }
        return self.session.send("Runtime.callFunctionOn", asked)["result"].get("value")

    def _whole(self, node):
        """Return one line for a table, a list, a grid or a control."""
        role, inside = text_of(node, "role"), self._inside(node)
        if role in CONTROLS:
            return self.line(node)
        cells = ("cell", "gridcell", "rowheader", "columnheader")
        wanted = {"table": cells, "grid": cells, "list": ("image",)}[role]
        names = [text_of(each, "name") for each in inside if text_of(each, "role") in wanted]
        if role == "list" and not names:
            names = [text_of(n, "name") for n in inside if text_of(n, "role") == "StaticText"]
        shown = "; ".join(names[:12]) + (f"; ... {len(names)} in all" if len(names) > 12 else "")
        return f'{role} "{text_of(node, "name")}": {shown}'

    def everything(self):
        """Return what is read from the figure's beginning to its end."""
        lines, words = [], []

        def flush():
            if words:
                lines.append(" ".join(" ".join(words).split()))
                words.clear()

        def visit(node):
            role = text_of(node, "role")
            if role in PASSED or (role == "LabelText" and self._holds_control(node)):
                for each in self._children(node):
                    if text_of(each, "role") in CONTROLS:
                        flush()
                        lines.append(self._whole(each))
            elif role in WHOLE:
                flush()
                lines.append(self._whole(node))
            elif role == "StaticText":
                words.append(text_of(node, "name"))
            else:
                if role in {"group", "region", "paragraph", "status", "image"}:
                    flush()
                    if text_of(node, "name"):
                        lines.append(self.line(node))
                for each in self._children(node):
                    visit(each)
                if role in {"group", "region", "paragraph", "status", "generic"}:
                    flush()

        visit(self._tree())
        flush()
        return lines

    def _children(self, node):
        for name in node.get("childIds", []):
            child = self.nodes.get(name)
            if child is None:
                continue
            if child.get("ignored"):
                yield from self._children(child)
            else:
                yield child

    def _holds_control(self, node):
        return any(text_of(each, "role") in CONTROLS for each in self._inside(node))

    def after(self):
        """Return what is said after an action: of the focus, and by the live region."""
        self.page.wait_for_timeout(900)  # a row of keys is said once, a little later
        inside = self._inside(self._tree())
        focused = [
            node
            for node in inside
            if any(p["name"] == "focused" and p["value"]["value"] for p in node["properties"])
        ]
        status = next(node for node in inside if text_of(node, "role") == "status")
        words = [node for node in self._inside(status) if text_of(node, "role") == "StaticText"]
        live = " ".join(text_of(node, "name") for node in words)
        said, self.before = live if live != self.before else "", live
        return [f"focus: {self.line(node)}" for node in focused] + [f"said: {said or 'nothing'}"]
