channel-kind-slack = Slack
channel-about-slack = A message into a Slack channel, from an incoming webhook.
field-slack-url = Webhook URL
field-slack-url-hint = It begins with https://hooks.slack.com/services/. That of a workflow will do as well: give it one variable, text.
field-slack-mention = Call when down
field-slack-mention-hint = @here, @channel, or member IDs such as U012AB3CD (profile → ⋮ → Copy member ID); user groups by their ID, S…. Separated by spaces.
channel-steps-slack =
    Open api.slack.com/apps → Create New App → From scratch; call it Maibo and choose your workspace.
    Incoming Webhooks: switch them on, then Add New Webhook to Workspace.
    Choose the channel, allow it, and copy the webhook URL into the field.
setting-error-slack-url = this is no webhook; its address begins with https://hooks.slack.com/services/
setting-error-slack-mention = `{ $value }` is none of @here, @channel, @everyone, a member ID (U…) or a user group's ID (S…)
