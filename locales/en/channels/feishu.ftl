setting-error-feishu = this is not a robot's webhook URL; one looks like https://open.feishu.cn/open-apis/bot/v2/hook/…
setting-error-feishu-secret = this is not the secret; it stands below “Set signature verification” in the robot's security settings and has no spaces
setting-error-feishu-mention = `{ $value }` is no open_id; one begins with ou_, and @all is everybody
channel-kind-feishu = Feishu / Lark robot
channel-about-feishu = A card into a Feishu or Lark group, from a custom bot.
field-feishu-url = Webhook URL
field-feishu-url-hint = The whole address, of Feishu or Lark.
field-feishu-secret = Secret
field-feishu-secret-hint = For bots with signature verification.
field-feishu-keyword = Keyword
field-feishu-keyword-hint = For bots with custom keywords: one of them. It stands at the end of every message.
field-feishu-mention = Call when down
field-feishu-mention-hint = People by their open_id (ou_…), or @all.
channel-steps-feishu =
    Open the group in Feishu or Lark: Settings → Bots → Add bot → Custom bot.
    Copy the webhook URL into the field.
    Under security settings, choose Set signature verification and copy the secret too.
