setting-error-aliyunsms-number = `{ $value }` 不是手机号；中国大陆以外的号码以 + 和国家码开头
setting-error-aliyunsms-key = 由字母和数字组成，不含空格
setting-error-aliyunsms-template = 这不是模板 Code；形如 SMS_123456789
setting-error-aliyunsms-variables = `{ $value }`：请写成 模板变量=值，值为 name、status、project、time 之一
aliyunsms-status-down = 故障
aliyunsms-status-up = 恢复
aliyunsms-status-test = 测试
aliyunsms-names = { $name }等{ $number }个
channel-kind-aliyunsms = 阿里云短信
channel-about-aliyunsms = 用你已通过审核的模板，经阿里云发短信。
field-aliyunsms-to = 手机号
field-aliyunsms-to-hint = 每行一个。中国大陆以外的号码以 + 和国家码开头。
field-aliyunsms-access-key-id = AccessKey ID
field-aliyunsms-access-key-id-hint = 建议使用只有短信权限的 RAM 用户。
field-aliyunsms-access-key-secret = AccessKey Secret
field-aliyunsms-access-key-secret-hint = 只在创建时显示一次。
field-aliyunsms-sign-name = 短信签名
field-aliyunsms-sign-name-hint = 已通过审核的签名名称，不带【】。
field-aliyunsms-template-code = 模板 Code
field-aliyunsms-template-code-hint = SMS_ 加数字。
field-aliyunsms-variables = 模板变量
field-aliyunsms-variables-hint = 用什么填充模板，例如 job=name state=status。等号右边可用 name、status、project、time。留空则填 name 和 status。
field-aliyunsms-url = 接入点
field-aliyunsms-url-hint = 只在使用其他地域时填写，例如 https://dysmsapi.ap-southeast-1.aliyuncs.com。
channel-steps-aliyunsms =
    在短信服务控制台申请签名，再申请一个短信通知模板，例如：任务${ "{" }name{ "}" }状态：${ "{" }status{ "}" }。
    在 RAM 访问控制里创建用户，授予 AliyunDysmsFullAccess，并创建 AccessKey。
    填写各项。每个变量最多 20 个字，短信里不能带链接。
