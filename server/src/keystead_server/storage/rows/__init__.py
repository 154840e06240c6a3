"""Domain values to rows and back, by hand: a generic mapper would cost more than the query.

Each noun has three names here, such as

    USER        the columns read, in the order of the domain value's fields
    user_row    the value as the tuple an INSERT takes: every column of the table, in its order
    user        the value from a row of USER
"""
