channel-kind-teams = Microsoft Teams
channel-about-teams = A card into a Teams channel or chat, from a Workflows webhook.
field-teams-url = Workflow URL
field-teams-url-hint = The address that the workflow shows after it was created; it has sig=… in it.
field-teams-mention = Call when down
field-teams-mention-hint = Sign-in addresses of people, such as ann@example.com, separated by spaces.
channel-steps-teams =
    In Teams, open the channel: … → Workflows.
    Choose “Send webhook alerts to a channel” (or “Post to a channel when a webhook request is received”), and follow it to the end.
    Copy the address that it shows into the field. A workflow belongs to whoever made it, and stops when that person leaves: add a second owner.
setting-error-teams-retired = Microsoft has switched these connectors off; create a workflow (… → Workflows) and give its address
setting-error-teams-sig = the address has no sig=… in it; copy it whole, and let the workflow be triggered by anyone
setting-error-teams-mention = `{ $value }` is not a sign-in address such as ann@example.com
