channel-kind-webhook = Webhook
channel-about-webhook = 向任意地址发送请求，内容自动填入。
field-webhook-url-down = 故障：URL
field-webhook-url-down-hint = 会自动填入：$CODE $STATUS $NOW $NAME $NAME_JSON $SLUG $TAGS $TAG1 … $JSON $EXITSTATUS，请求体中还有 $BODY $BODY_JSON。留空则故障时不通知。
field-webhook-method-down = 故障：方法
field-webhook-method-down-hint = GET 不带请求体。
field-webhook-headers-down = 故障：请求头
field-webhook-headers-down-hint = 每行一个，形如 Name: value。
field-webhook-body-down = 故障：请求体
field-webhook-body-down-hint = $NAME_JSON、$JSON 和 $BODY_JSON 已按 JSON 加引号。
field-webhook-url-up = 恢复：URL
field-webhook-url-up-hint = 检查恢复时调用。留空则恢复时不通知。
field-webhook-method-up = 恢复：方法
field-webhook-method-up-hint = GET 不带请求体。
field-webhook-headers-up = 恢复：请求头
field-webhook-headers-up-hint = 每行一个，形如 Name: value。
field-webhook-body-up = 恢复：请求体
field-webhook-body-up-hint = 占位符与故障时相同。
channel-steps-webhook =
    填写检查出问题时要调用的地址，以及恢复时的地址；两者可以相同。
    对方需要时再加请求头和正文。$NAME、$STATUS 等会自动替换。
