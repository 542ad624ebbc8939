channel-kind-gotify = Gotify
channel-about-gotify = A push from your own Gotify server.
field-gotify-url = Server
field-gotify-url-hint = Where your Gotify is, for example https://push.example.org.
field-gotify-token = Application token
field-gotify-token-hint = In Gotify: Apps → Create application; copy its token. Empty: the address above has it behind token=.
channel-steps-gotify =
    Open your Gotify server in a browser and sign in.
    Apps → Create application; call it Maibo.
    Copy the token that it shows, and the server's address, into the fields.
