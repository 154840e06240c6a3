"""The web: pages for people, OpenID Connect for apps.

route       what an endpoint declares: access, limit, size
table       every endpoint of the server, in one place
route_tree  from a path to its route
peers       whose address counts when there are proxies
dispatch    the order in which those declarations are enforced
call        one request, after its checks, as handlers see it
"""
