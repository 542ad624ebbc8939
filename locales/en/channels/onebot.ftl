setting-error-onebot-number = this is a QQ number: digits only
setting-error-onebot-to = a group or a user is needed
setting-error-onebot-both = fill in a group or a user, not both; add a channel for each
setting-error-onebot-mention = `{ $value }` is no QQ number; @all is everybody
channel-kind-onebot = QQ (OneBot)
channel-about-onebot = A message from a QQ account of your own, through NapCat, Lagrange or another OneBot 11 server.
field-onebot-url = Server
field-onebot-url-hint = Where its HTTP server is, for example http://192.168.1.5:3000. The operator allows private addresses with MAIBO_OUTBOUND_ALLOW.
field-onebot-token = Access token
field-onebot-token-hint = When the HTTP server has one.
field-onebot-group = Group
field-onebot-group-hint = The group's number. The account must be in it.
field-onebot-user = User
field-onebot-user-hint = Or the QQ number of one friend of the account.
field-onebot-mention = Call when down
field-onebot-mention-hint = QQ numbers or @all.
channel-steps-onebot =
    Sign in with a spare QQ account in NapCat or another OneBot 11 server.
    Add an HTTP server in its network settings, with an access token.
    Type its address and token, and the number of the group or user.
