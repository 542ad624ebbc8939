setting-error-dingtalk = this is neither the robot's webhook URL nor its access_token
setting-error-dingtalk-secret = this is not the secret; it stands below “Additional signature”, begins with SEC and has no spaces
setting-error-dingtalk-mention = `{ $value }` is neither a mobile number nor a user id; @all is everybody
channel-kind-dingtalk = DingTalk robot
channel-about-dingtalk = A message into a DingTalk group, from a custom robot.
field-dingtalk-url = Webhook URL
field-dingtalk-url-hint = The whole address, or what stands behind access_token= in it.
field-dingtalk-secret = Secret
field-dingtalk-secret-hint = For robots with an additional signature: the text that begins with SEC.
field-dingtalk-keyword = Keyword
field-dingtalk-keyword-hint = For robots with custom keywords: one of them. It stands at the end of every message.
field-dingtalk-mention = Call when down
field-dingtalk-mention-hint = Mobile numbers, user ids or @all.
channel-steps-dingtalk =
    Open the group in DingTalk: Group settings → Bots → Add robot → Custom.
    Under security settings choose Additional signature and copy the secret.
    Finish, and copy the webhook URL into the field. Whoever has both can write into the group.
