"""Administration by programs: Microsoft Graph's names, types and manners, for what we have of it.

Handlers parse, run one flow or read, and present. Who may call is in the route table, as everywhere.

    routes           every address, with the permissions that open it
    answers          values as Graph writes them
    problem          refusals as Graph writes them
    odata/           $filter, $select, $top and pages
    users, groups, me_and_organization …   one module for each noun
"""
