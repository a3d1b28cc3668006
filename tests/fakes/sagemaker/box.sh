# Runs as PID 1 of new namespaces; becomes the job's own first process. Nothing of it is left when that ends.
# box.sh STAGE HOSTNAME FOLDER READY ISOLATED -- SHARED... -- START NAME=VALUE... COMMAND...
set -e
stage=$1 host=$2 given=$3 ready=$4 isolated=$5
shift 6
mount --make-rprivate /
mount -t tmpfs -o mode=755 rig "$stage"
mkdir "$stage/upper" "$stage/work" "$stage/root"
root=$stage/root
# The machine as it is, and every change of it in memory only.
mount -t overlay -o "lowerdir=/,upperdir=$stage/upper,workdir=$stage/work" rig "$root"
number=0
while read -r _ place kind _; do
  case $place in / | /proc* | /sys* | /dev* | /run* | "$stage"*) continue ;; esac
  [ -d "$root$place" ] && [ -d "$place" ] || continue
  case $kind in
    tmpfs) case $place in /tmp*) ;; *) continue ;; esac ;;
    nfs* | fuse* | 9p | virtiofs)
      mount --bind "$place" "$root$place"
      mount -o remount,bind,ro "$root$place"
      continue
      ;;
    ext[234] | xfs | btrfs | overlay | zfs | f2fs) ;;
    *) continue ;;
  esac
  number=$((number + 1))
  mkdir "$stage/upper$number" "$stage/work$number"
  mount -t overlay -o "lowerdir=$place,upperdir=$stage/upper$number,workdir=$stage/work$number" rig "$root$place"
done </proc/self/mounts
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
[ ! -d /dev/shm ] || mount -t tmpfs rig "$root/dev/shm"
# The file is often a link into /run, which is not there.
[ ! -e /etc/resolv.conf ] || cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
  fi
  shift
done
shift
mkdir -p "$root/opt/ml"
mount --bind "$given/ml" "$root/opt/ml"
: >>"$root/etc/hosts"
mount --bind "$given/hosts" "$root/etc/hosts"
echo "$host" >/proc/sys/kernel/hostname
[ "$isolated" = no ] || ip link set lo up
: >"$ready"
cd "$root"
pivot_root . .
umount -l .
folder=$1
shift
cd "$folder"
exec env -i "$@" 2>&4 4>&-
