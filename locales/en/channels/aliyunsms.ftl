setting-error-aliyunsms-number = `{ $value }` is no mobile number; outside mainland China begin with + and the country's code
setting-error-aliyunsms-key = this is letters and digits, without spaces
setting-error-aliyunsms-template = this is not a template's code; one looks like SMS_123456789
setting-error-aliyunsms-variables = `{ $value }`: write the template's variable = one of name, status, project, time
aliyunsms-status-down = DOWN
aliyunsms-status-up = UP
aliyunsms-status-test = TEST
aliyunsms-names = { $name } (of { $number })
channel-kind-aliyunsms = SMS (Alibaba Cloud)
channel-about-aliyunsms = A text message through Alibaba Cloud, from a template of yours that was approved.
field-aliyunsms-to = Mobile numbers
field-aliyunsms-to-hint = One per line. Outside mainland China with + and the country's code.
field-aliyunsms-access-key-id = AccessKey ID
field-aliyunsms-access-key-id-hint = Of a RAM user that may send text messages, and nothing else.
field-aliyunsms-access-key-secret = AccessKey secret
field-aliyunsms-access-key-secret-hint = Shown once, when the key is made.
field-aliyunsms-sign-name = Signature
field-aliyunsms-sign-name-hint = The approved one, without 【】.
field-aliyunsms-template-code = Template code
field-aliyunsms-template-code-hint = SMS_ and a number.
field-aliyunsms-variables = Variables
field-aliyunsms-variables-hint = What fills the template, for example job=name state=status. On the right: name, status, project, time. Empty: name and status.
field-aliyunsms-url = Endpoint
field-aliyunsms-url-hint = Only for another region, for example https://dysmsapi.ap-southeast-1.aliyuncs.com.
channel-steps-aliyunsms =
    In the SMS console, apply for a signature, and for a notification template such as: 任务${ "{" }name{ "}" }状态：${ "{" }status{ "}" }。
    In RAM, create a user with AliyunDysmsFullAccess and an AccessKey for it.
    Fill in the fields. Each value is cut to 20 characters, and links are not allowed in text messages.
