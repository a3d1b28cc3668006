# trap: `import a.b` makes `a.b` reachable for a cell that only names `a`
# %%
import xml
# %% keep
import xml.dom.minidom
# %% drop
import json.tool
# %% train tags=train
result = xml.dom.minidom.parseString("<a><b/></a>").documentElement.tagName
