"""The rule language of filters: `device.trustType -eq "ServerAD" -and device.model -notContains "Virtual"`.

    syntax    text → rule, or where it is wrong
    subjects  what rules may speak about: devices, apps, service principals
    matching  rule + attributes → matches or not, with Graph's reading of what is absent
    lint      where that reading surprises people

No rule is ever run as code: it is parsed, and compared value by value.
"""
