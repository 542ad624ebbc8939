channel-kind-email = 邮件
channel-about-email = 任务失联时发一封邮件，恢复时再发一封。
field-email-to = 地址
field-email-to-hint = 一个地址；每个人各加一个通知渠道。不是项目成员的地址会先收到确认邮件。
channel-steps-email =
    由管理员用 MAIBO_SMTP_URL 和 MAIBO_MAIL_FROM 设置一次发信服务器。
    填写邮箱地址；每人建一个通知渠道。
