setting-error-apprise-key = a key has up to 128 letters, digits, - and _
setting-error-apprise-one = a key or service URLs are needed
setting-error-apprise-url = the { $value }. entry is no service URL like tgram://… or mailto://…
channel-kind-apprise = Apprise API
channel-about-apprise = Through your own Apprise server to any of the services that it knows.
field-apprise-url = Server
field-apprise-url-hint = Where your Apprise API is; the whole address …/notify/KEY will do.
field-apprise-key = Configuration key
field-apprise-key-hint = Of the configuration that is stored on the server.
field-apprise-urls = or service URLs
field-apprise-urls-hint = One per line, for example mailto://… or tgram://…; used when there is no key.
field-apprise-tag = Tags
field-apprise-tag-hint = Only services with these tags: a comma means or, a space means and.
channel-steps-apprise =
    Open your Apprise API server and make a configuration with the services to be told.
    Copy its address with the key into the field.
    Apprise itself calls whatever its configuration names, private addresses too: keep it for people you trust.
