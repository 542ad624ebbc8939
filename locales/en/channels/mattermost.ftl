channel-kind-mattermost = Mattermost
channel-about-mattermost = A message into a channel of your own Mattermost.
field-mattermost-url = Webhook URL
field-mattermost-url-hint = The address that Mattermost shows, for example https://chat.example.org/hooks/….
field-mattermost-channel = Channel
field-mattermost-channel-hint = Its name as in its address, such as town-square. Empty: the webhook's own.
field-mattermost-mention = Call when down
field-mattermost-mention-hint = @here, @channel, or names of people, separated by spaces.
channel-steps-mattermost =
    In Mattermost: the menu at the top left → Integrations → Incoming Webhooks → Add Incoming Webhook.
    Choose the channel and save.
    Copy the address into the field. If there are no Integrations, a system admin must switch webhooks on.
setting-error-mattermost-url = this is no webhook; its address ends in /hooks/ and a key
setting-error-mattermost-channel = give the name in the channel's address, such as town-square, without spaces
setting-error-mattermost-mention = `{ $value }` is not a name; names have letters, digits, ., - and _
