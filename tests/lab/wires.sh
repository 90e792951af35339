#!/bin/sh
# The cables and rules of the lab. Runs as the first process of a PID namespace with mounts and a network of its own, says "ready",
# and then waits for its input to end: the kernel ends everything in here with it, however whoever holds the other end has died.
#
#   guest ─┐
#   home ──┴ br-lan router wan0 ── modem (a bridge) ── line0 isp ── transit ── internet
set -eu

mount -t tmpfs -o mode=755 lab /run
mkdir /run/lab /run/netns
printf 'nameserver 192.168.77.1\noptions timeout:1 attempts:2\n' > /run/lab/resolv.conf
mount --bind /run/lab/resolv.conf /etc/resolv.conf

for name in home guest router modem isp transit internet; do
  ip netns add $name
  ip -n $name link set lo up
done

cable() { # namespace interface namespace interface
  ip link add name $2 netns $1 type veth peer name $4 netns $3
  ip -n $1 link set $2 up
  ip -n $3 link set $4 up
}
kernel() { # namespace setting=value ...
  where=$1; shift
  for each in "$@"; do
    file=/proc/sys/net/$(echo "${each%%=*}" | tr . /)
    ip netns exec $where sh -c "test ! -e $file || echo '${each#*=}' > $file"
  done
}

cable home eth0 router lan0
cable guest eth0 router lan1
cable router wan0 modem wan
cable modem line isp line0
cable isp up0 transit down0
cable transit up0 internet down0

for name in router isp transit; do kernel $name ipv4.ip_forward=1; done
for name in home guest; do kernel $name 'ipv4.ping_group_range=0 2147483647'; done
# Frames between two hosts of one LAN are no business of the router's rules.
kernel router bridge.bridge-nf-call-iptables=0
kernel modem bridge.bridge-nf-call-iptables=0

ip -n router link add br-lan type bridge
ip -n router link set lan0 master br-lan
ip -n router link set lan1 master br-lan
ip -n router addr add 192.168.77.1/24 dev br-lan
ip -n router link set br-lan up
ip -n modem link add bridge0 type bridge
ip -n modem link set wan master bridge0
ip -n modem link set line master bridge0
ip -n modem link set bridge0 up

for host in home:50 guest:66; do
  ip -n ${host%:*} addr add 192.168.77.${host#*:}/24 dev eth0
  ip -n ${host%:*} route add default via 192.168.77.1
done
ip -n isp addr add 81.2.69.1/24 dev line0
ip -n isp addr add 62.115.1.1/30 dev up0
ip -n isp route add default via 62.115.1.2
ip -n transit addr add 62.115.1.2/30 dev down0
ip -n transit addr add 62.115.2.1/30 dev up0
ip -n transit route add 81.2.69.0/24 via 62.115.1.1
ip -n transit route add default via 62.115.2.2
ip -n internet addr add 62.115.2.2/30 dev down0
ip -n internet route add default via 62.115.2.1
for address in $SERVICE_ADDRESSES; do ip -n internet addr add $address/32 dev lo; done

ip netns exec router nft -f - <<'RULES'
table inet home {
  chain input { type filter hook input priority 0; ct state established,related accept; iifname "wan0" drop; }
  chain forward { type filter hook forward priority 0; ct state established,related accept; jump upnp_forward; iifname "wan0" drop; }
  chain before { type nat hook prerouting priority -100; jump upnp_before; }
  chain after { type nat hook postrouting priority 100; jump upnp_after; oifname "wan0" masquerade; }
  chain upnp_forward { }
  chain upnp_before { }
  chain upnp_after { }
}
RULES
# The provider of the line carries nothing with a source address that it did not hand out.
ip netns exec isp nft -f - <<'RULES'
table ip guard {
  set leased { type ipv4_addr; }
  chain forward { type filter hook forward priority 0; iifname "line0" ip saddr != @leased drop; }
}
RULES

cat > /run/lab/lease.sh <<'SCRIPT'
#!/bin/sh
case $1 in
  deconfig) ip -4 addr flush dev wan0 ;;
  bound|renew)
    ip addr replace $ip/24 dev wan0
    ip route replace default via $router ;;
esac
SCRIPT
chmod +x /run/lab/lease.sh

echo ready
exec cat
