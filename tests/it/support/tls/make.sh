#!/bin/sh
# Makes the certificates of the tests' mail servers anew. They are good for a hundred years and for nothing else.
set -eu
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
names='subjectAltName=DNS:localhost,IP:127.0.0.1'
key ca.key
openssl req -x509 -new -key ca.key -days 36500 -subj '/CN=Maibo tests CA' -out ca.pem \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign'
sign() {
    key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf '%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile "$1.ext" -out "$1.pem"
}
sign server "$names" 36500
sign other 'subjectAltName=DNS:mail.example.org' 36500
key self.key
openssl req -x509 -new -key self.key -days 36500 -subj '/CN=localhost' -out self.pem -addext "$names" \
    -addext 'basicConstraints=CA:FALSE'
key authority.key
openssl req -x509 -new -key authority.key -days 36500 -subj '/CN=localhost' -out authority.pem -addext "$names" \
    -addext 'basicConstraints=critical,CA:TRUE'
rm -f ./*.csr ./*.ext ./*.srl ca.key
