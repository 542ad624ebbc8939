channel-kind-googlechat = Google Chat
channel-about-googlechat = A card into a Google Chat space; each outage is a thread of its own.
field-googlechat-url = Webhook URL
field-googlechat-url-hint = It begins with https://chat.googleapis.com/v1/spaces/ and has key and token in it.
field-googlechat-mention = Call when down
field-googlechat-mention-hint = all, or the numbers of users (users/1234567890…), separated by spaces.
channel-steps-googlechat =
    Open the space in Google Chat on a computer, and from the menu beside its name: Apps & integrations → Webhooks.
    Add a webhook; call it Maibo.
    Copy its link into the field. Webhooks need a Google Workspace account.
setting-error-googlechat-url = this is no webhook; its address looks like https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…
setting-error-googlechat-mention = `{ $value }` is neither all nor the number of a user
