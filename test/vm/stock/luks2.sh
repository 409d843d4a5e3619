# Run by test/vm/stock.ts in a machine with stock cryptsetup; test/vm/luks2.test.ts reads the facts. vda and vdb begin
# with headers of ours, vdc and vdd are blank, vde is data under the headers on vdf, one in each MiB.
# No udev here: device nodes are the library's own business.
export DM_DISABLE_UDEV=1
sum_of() { head -c 1048576 "/dev/$1" | openssl dgst -sha256 -r; }
put() { echo "$2" | dd of="/dev/mapper/$1" bs=4096 conv=sync,fsync 2>/dev/null; }
got() { dd if="/dev/mapper/$1" bs=4096 count=1 2>/dev/null | head -n 1 | tr -d '\000'; }
# A line of ours with the device it is to lie on.
line() { sed "s/DEV/$2/" "/tables/$1"; }
dev_of() { dmsetup info -c --noheadings --separator : -o major,minor "$1"; }

fact kernel "$(uname -r)"
fact version "$(cryptsetup --version)"
keyctl padd logon cvmboot:workspace @u </keys/xts >/dev/null
keyctl padd logon cvmboot:job-store @u </keys/xts-hmac >/dev/null

# The mapping that our own lines describe.
ours_xts() {
  dmsetup create ours --table "0 $(cat /sectors/xts) crypt $(line xts "$(cat /sys/block/vda/dev)")"
}
ours_xts_hmac() {
  sectors=$(cat /sectors/xts-hmac)
  dmsetup create ours_dif --table "0 $sectors integrity $(line integrity "$(cat /sys/block/vdb/dev)")" &&
    dmsetup create ours --table "0 $sectors crypt $(line xts-hmac "$(dev_of ours_dif)")"
}
close_ours() { dmsetup remove ours; [ ! -e /dev/mapper/ours_dif ] || dmsetup remove ours_dif; }

# The kernel writes a superblock where there are zeroes.
said 'format integrity' dmsetup create format --table "0 8 integrity $(line integrity "$(cat /sys/block/vdb/dev)")"
dmsetup remove format

for each in 'xts vda' 'xts-hmac vdb'; do
  profile=${each% *} disk=${each#* }
  before=$(sum_of "$disk")
  said "dump $profile" cryptsetup luksDump "/dev/$disk"
  said "repair $profile" cryptsetup repair --batch-mode "/dev/$disk"
  said "open $profile" cryptsetup open --key-file /keys/tee "/dev/$disk" stock
  dmsetup table stock | sed "s/^/fact stock table $profile = /"
  [ ! -e /dev/mapper/stock_dif ] || dmsetup table stock_dif | sed "s/^/fact stock integrity $profile = /"
  put stock 'written by cryptsetup'
  cryptsetup close stock

  case $profile in xts) ours_xts ;; *) ours_xts_hmac ;; esac
  fact "dev $profile" "$(cat /sys/block/$disk/dev) $([ ! -e /dev/mapper/ours_dif ] || dev_of ours_dif)"
  dmsetup table ours | sed "s/^/fact our table $profile = /"
  [ ! -e /dev/mapper/ours_dif ] || dmsetup table ours_dif | sed "s/^/fact our integrity $profile = /"
  fact "we read $profile" "$(got ours)"
  put ours 'written by cvmboot'
  close_ours

  # What an owner does, with tools that everybody has.
  cryptsetup token export --token-id 1 "/dev/$disk" | sed 's/.*"wrapped":"\([^"]*\)".*/\1/' | openssl base64 -d -A |
    openssl pkeyutl -decrypt -inkey /keys/owner.pem -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 |
    cryptsetup open --key-slot 1 --key-file - "/dev/$disk" owner
  fact "owner reads $profile" "$(got owner)"
  cryptsetup close owner
  if [ "$before" = "$(sum_of "$disk")" ]; then fact "header $profile" same; else fact "header $profile" changed; fi
done

options="--batch-mode --type luks2 --cipher aes-xts-plain64 --key-size 512 --hash sha256 --sector-size 4096 --pbkdf pbkdf2
  --pbkdf-force-iterations 1000 --offset 4096 --luks2-metadata-size 16k --luks2-keyslots-size 1015808 --label workspace"
# shellcheck disable=SC2086 # options are words
said 'luksFormat xts' cryptsetup luksFormat $options --key-file /keys/tee /dev/vdc
# shellcheck disable=SC2086
said 'luksFormat xts-hmac' cryptsetup luksFormat $options --integrity hmac-sha256 --integrity-no-wipe \
  --key-file /keys/tee /dev/vdd
cryptsetup open --key-file /keys/tee /dev/vdc stock
put stock 'written by cryptsetup'
# Further on, where the IV is another.
echo 'and further on' | dd of=/dev/mapper/stock bs=4096 seek=5 conv=sync,fsync 2>/dev/null
cryptsetup close stock

# What stock cryptsetup makes of each header, with the right key, and what then reaches the disk.
marker='plain text of a guest'
i=0
while [ $i -lt "$(cat /count)" ]; do
  dd if=/dev/vdf of=/tmp/header bs=1048576 skip=$i count=1 2>/dev/null
  found=refused
  if timeout -s KILL 5 cryptsetup open --header /tmp/header --key-file /keys/tee /dev/vde hostile >/dev/null 2>&1; then
    discards=
    case $(dmsetup table hostile) in *allow_discards*) discards=' with discards' ;; esac
    put hostile "$marker"
    cryptsetup close hostile
    if dd if=/dev/vde bs=1048576 count=4 2>/dev/null | grep -q "$marker"; then found=plain$discards; else found=encrypted$discards; fi
    dd if=/dev/zero of=/dev/vde bs=1048576 count=4 2>/dev/null
  fi
  fact "hostile $i" "$found"
  i=$((i + 1))
done
