# trap: rows are put into a database by text
# %% keep
import sqlite3
# %% keep
connection = sqlite3.connect(":memory:")
connection.execute("create table points (x int)")
# %% keep
connection.executemany("insert into points values (?)", [(1,), (2,)])
# %% keep
cursor = connection.cursor()
cursor.execute("update points set x = x * 10")
# %% drop
print("asked")
# %% train tags=train
result = connection.execute("select x from points").fetchall()
