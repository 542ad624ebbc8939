setting-error-wxpusher = this is neither an appToken (AT_…) nor simple push tokens (SPT_…, at most 10)
setting-error-wxpusher-to = an appToken needs readers: UID_…, or at most four numbers of topics
setting-error-wxpusher-simple = simple push tokens are readers themselves; leave this empty
channel-kind-wxpusher = WxPusher
channel-about-wxpusher = A push into WeChat, or into WxPusher's own app.
field-wxpusher-token = Token
field-wxpusher-token-hint = An appToken (AT_…), or simple push tokens (SPT_…).
field-wxpusher-to = Readers
field-wxpusher-to-hint = With an appToken: UID_… of people and numbers of topics, separated by spaces.
field-wxpusher-url = Server
field-wxpusher-url-hint = Only for a gateway of yours in front of WxPusher, which MAIBO_OUTBOUND_ALLOW must cover.
channel-steps-wxpusher =
    The short way: scan the code at wxpusher.zjiecode.com and copy your SPT_… token into the field.
    For several readers: create an app at wxpusher.zjiecode.com/admin, copy its appToken, let people scan the app's code, and copy their UIDs.
