# Run by test/vm/stock.ts in a machine with stock tools; test/vm/owner.test.ts reads the facts. vda is the disk of a VM
# that came back, its eighth partition the job-store. /keys has what the owner has.
export DM_DISABLE_UDEV=1
STORE=/dev/vda8
export STORE
mkdir /results
look() { mount -t ext4 -o ro "/dev/mapper/$2" /results && fact "$1" "$(cat /results/marker)" && umount /results; }

fact version "$(cryptsetup --version)"
said dump cryptsetup luksDump $STORE
said repair cryptsetup repair --batch-mode $STORE
said 'open by passphrase' cryptsetup open --readonly --key-file /keys/passphrase $STORE one
look 'read by passphrase' one
dmsetup table one | sed 's/^/fact table = /'
cryptsetup close one
cd /keys || exit
said 'open by line' sh /line
look 'read by line' results
cryptsetup close results
said 'open by another' sh -c 'head -c 32 /dev/zero | cryptsetup open --key-file - $STORE other'
