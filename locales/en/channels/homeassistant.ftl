setting-error-homeassistant-one = give either a webhook or a notify service
setting-error-homeassistant-host = this address is not at { $value }, the server above; give both of the same server
setting-error-homeassistant-webhook = this is no webhook id; it has letters, digits, - and _
setting-error-homeassistant-service = `{ $value }` is no service; it looks like mobile_app_my_phone
channel-kind-homeassistant = Home Assistant
channel-about-homeassistant = Starts an automation, or notifies your phone through the app.
field-homeassistant-url = Server
field-homeassistant-url-hint = Where your Home Assistant is, for example http://homeassistant.local:8123; MAIBO_OUTBOUND_ALLOW must cover a private address. A whole webhook address will do.
field-homeassistant-webhook = Webhook id
field-homeassistant-webhook-hint = Of an automation's webhook trigger. Home Assistant does not say whether it exists: send a test and look.
field-homeassistant-service = or notify service
field-homeassistant-service-hint = What stands behind notify., for example mobile_app_my_phone; or persistent_notification.
field-homeassistant-token = Access token
field-homeassistant-token-hint = Only for a notify service: a long-lived access token.
channel-steps-homeassistant =
    For an automation: Settings → Automations → Create, with the trigger Webhook; copy its id. Let it be reached from where Maibo runs: a trigger is local only by default.
    For a phone: your profile → Security → Long-lived access tokens → Create token; and the name of the notify service.
    An automation gets status (down, up, test), name, project, tags, title, message, at and url as JSON.
