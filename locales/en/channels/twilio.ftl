setting-error-twilio-account = an account SID has 34 characters and begins with AC
setting-error-twilio-key = an API key's SID has 34 characters and begins with SK
setting-error-twilio-from = `{ $value }` is neither a number like +15017122661, nor a service that begins with MG, nor a name of up to 11 letters
channel-kind-twilio = SMS (Twilio)
channel-about-twilio = A text message to a phone. Twilio charges for each.
field-twilio-account = Account SID
field-twilio-account-hint = On the first page of the Twilio console; it begins with AC.
field-twilio-key = API key SID
field-twilio-key-hint = Only when you use an API key in place of the auth token; it begins with SK.
field-twilio-token = Auth token
field-twilio-token-hint = Below the account SID; or the secret of the API key.
field-twilio-from = From
field-twilio-from-hint = A number of your Twilio account, a messaging service (MG…), or a sender name where the country allows one.
field-twilio-to = To
field-twilio-to-hint = With country code: +8613800138000. One number; add a channel for each person.
field-twilio-url = API address
field-twilio-url-hint = Leave it empty. Or another of Twilio's regions; a gateway of your own must be covered by MAIBO_OUTBOUND_ALLOW.
channel-steps-twilio =
    Open console.twilio.com: account SID and auth token are on the first page.
    Buy a number, or make a messaging service.
    Type them, and the phone that is to be told.
