channel-kind-discord = Discord
channel-about-discord = A message into a Discord channel, from its webhook.
field-discord-url = Webhook URL
field-discord-url-hint = It begins with https://discord.com/api/webhooks/. For a thread or a forum, add ?thread_id=… to it.
field-discord-mention = Call when down
field-discord-mention-hint = @here, @everyone, user IDs, or role IDs with & before them. IDs are copied from the context menu, in developer mode. Separated by spaces.
channel-steps-discord =
    Open the channel's settings in Discord: Edit Channel → Integrations → Webhooks.
    New Webhook; call it Maibo.
    Copy Webhook URL, and paste it into the field. Whoever has it can write into the channel.
setting-error-discord-url = this is no webhook; its address looks like https://discord.com/api/webhooks/1234/abcd
setting-error-discord-mention = `{ $value }` is none of @here, @everyone, a user's ID or & and a role's ID
