# trap: two objects know each other
# %% keep
class Node:
    def __init__(self):
        self.children = []
        self.parent = None
    def adopt(self, other):
        self.children.append(other)
        other.parent = self
# %% keep
root, leaf = Node(), Node()
# %% keep
root.adopt(leaf)
# %% keep
leaf.parent.name = "root"
# %% drop
print(Node)
# %% train tags=train
result = root.name
