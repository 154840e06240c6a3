"""OData's query options, as far as Graph has them for what we serve.

lexer      text to tokens, each with its position
filter     tokens to an expression over declared properties, of bounded depth and size
match      an expression against one entity
options    all options of a request, checked against what a collection offers
paging     a page, and the sealed link to the next
"""
