channel-kind-rocketchat = Rocket.Chat
channel-about-rocketchat = A message into a room of your own Rocket.Chat.
field-rocketchat-url = Webhook URL
field-rocketchat-url-hint = The address that the integration shows, for example https://chat.example.org/hooks/…/….
field-rocketchat-channel = Room
field-rocketchat-channel-hint = #room or @person, where the integration allows others than its own. Empty: its own.
field-rocketchat-mention = Call when down
field-rocketchat-mention-hint = @here, @all, or names of people, separated by spaces.
channel-steps-rocketchat =
    In Rocket.Chat: Administration → Workspace → Integrations → New → Incoming.
    Switch it on, choose the room to post to and the user to post as (rocket.cat will do), and save.
    Copy the webhook URL into the field.
setting-error-rocketchat-url = this is no webhook; its address ends in /hooks/, an ID and a token
setting-error-rocketchat-channel = give #room or @person, without spaces
setting-error-rocketchat-mention = `{ $value }` is not a name; names have letters, digits, ., - and _
