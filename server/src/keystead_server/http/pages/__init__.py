"""Pages for people and for administrators: HTML from the server, forms that work without a script.

routes         every page with its access, limit and size
entrance       the way in: which organisation, and where its container finds us
sign_in        with a passkey             pass_sign_in   with a Temporary Access Pass
account        one's own passkeys, sign-ins and sessions
new_passkey    adding one
admin/         people, groups, apps, policy and logs, for those who may
problem        what a page says when it cannot do what was asked
render         templates, and the headers a page goes out with
assets         style sheets, scripts and pictures
words          stable codes in plain words
"""
