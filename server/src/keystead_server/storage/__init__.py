"""The Store port over SQL: SQLite for one process, PostgreSQL for several.

opening         open_store: the one door
schema          the tables; migrations/ brings a database to them
statement       SQLAlchemy Core compiled once to text, run on the bare driver
rows/           domain values to rows and back
reads/          the reading half of the port, the same for both engines
writes          the writing half: a change is a statement
sqlite          two connections on the event loop; group_commit is its writer
postgres        kept connections; batches sends many units in one statement
"""
