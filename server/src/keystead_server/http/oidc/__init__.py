"""OpenID Connect for apps: discovery, authorize, token, keys, userinfo, logout."""
