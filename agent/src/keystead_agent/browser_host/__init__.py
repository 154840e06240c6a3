"""The browser's way to the agent: native messaging on one side, the daemon's socket on the other.

    bridge      bytes in, bytes out: what may pass, and who is told when it may not
    host        the process a browser starts: standard input and output, and the socket
    manifests   what a browser has to be told about the extension and the host
    install     puts extension and manifests where the browsers of one person look
    everybody   puts them where the browsers of everybody on this computer look
    crx         an extension as Chromium takes it from a file

It holds no key and can import none: the rooms with keys are closed to it by
an import contract. It adds nothing to what the extension says; the extension's
background has already put the origin there, from the browser's own record.
"""
