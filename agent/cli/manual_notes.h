// What the manual says beyond each option and setting: a row is a paragraph, in the order of the
// page. `of` is a command of efa-doctor(1), "" for its general options, or a table of
// efa-doctor.toml(5).
#pragma once

#include <string_view>

namespace efa {

struct Note {
  std::string_view of;
  const char* text;
};

inline constexpr Note kNotes[] = {
    {.of = "",
     .text = "With --daemon a device is called hung only when the driver holds who asked it, "
             "beyond SIGKILL, and no other probe was answered. Time that ran out otherwise, as on "
             "a node whose CPUs are all busy, is unknown and info: rdma.counters-slow, "
             "verbs.open-slow, probe.slow, with how long a CPU was waited for. So that a pass has "
             "its answers beside a job on every CPU, the unit weighs 1000 at the top level of the "
             "control groups; it takes a fraction of a CPU second every five minutes."},
    {.of = "",
     .text =
         "A pass of the daemon that is killed or crashes changes no verdict and is made again at "
         "once; after two in a row the verdict is unknown, with the reason. A pass or a delivery "
         "that does not end is killed five seconds after its limit. Whatever asks for passes again "
         "and again (a device that comes and goes, a node that starts for long) gets them ever "
         "slower, down to one in 30 s. The daemon counts its own descriptors and memory at each "
         "pass; above a bound it starts afresh, in the same process, and says so in the log."},
    {.of = "",
     .text =
         "With --data each device sends to its own address four messages of 64 bytes to 8 KiB over "
         "an SRD queue pair, RDMA read and write where it has them. One message goes to a queue "
         "pair that is no more and must fail; where it does not, what arrived proves nothing and "
         "all is unknown. Then each device sends one to the next, which on AWS leaves one "
         "interface and enters another. Each device is asked in a process of its own, and a lock "
         "file in run_directory keeps two tests apart. A completion's status is told as the device "
         "gives it (vendor_err). 13, 15 and silence of one device are data.loopback-unreachable "
         "where another device of the node moved data; where none did it is unknown."},
    {.of = "account",
     .text =
         "Of a template, loops (Fn::ForEach) are written out; what it does not tell is unknown. "
         "AWS is asked at most five times a second (--rate), page by page, and slower where it "
         "asks for that; keys and TLS are held by a process of its own (probe-account)."},
    {.of = "pair",
     .text = "Own messages go from the first device of one node to the first of the other, and so "
             "on, over SRD queue pairs of libibverbs; their bytes are compared. Where one does not "
             "arrive, both ends say what they saw over a TCP connection (port 18516, which the "
             "server's group must allow from the client), so that the cause is one of the checks "
             "pair.*: the places first (zone, VPC, types: then nothing is sent), the device's own "
             "status (vendor_err), the call that failed, the peer that went away; the receiver's "
             "rx_pkts says which way is likely lost. pair.slow compares a device with the others "
             "of its node only, in two rounds."},
    {.of = "pair",
     .text = "Exit codes: 0 all pairs work, 1 some are slow or in use, 2 one fails, 3 unknown, as "
             "where there is no server."},
    {.of = "pair",
     .text = "A device that a process has open is not touched (pair.in-use). The token is never "
             "sent: each end proves by HMAC-SHA256 over both ends' nonces that it has it, and only "
             "then says who it is; what follows is neither encrypted nor signed. A wrong token, "
             "another protocol, a line above 64 KiB or a slow peer is refused with a line, a "
             "second client is told that the server is busy, one that is gone is noticed within 5 "
             "s, and nothing of it stays on the device."},
    {.of = "pair",
     .text = "Without --engine verbs the pairs that work are tested again by each libfabric that "
             "is installed (the loader's own, and that of /opt/amazon/efa), over the fabric efa "
             "with its shared-memory way turned off: where messages pass without libfabric and not "
             "by it, pair.libfabric has its own word for it and the versions of both ends, so that "
             "a security group is not blamed. --engine libfabric takes figures by it alone. GPU "
             "memory is not tested. Nobody has run it on EFA hardware."},
    {.of = "mesh",
     .text = "Every node takes part as one rank; who tests whom is told by rank 0 (TCP port 18517, "
             "and any port between the nodes, which a group that lets EFA pass lets pass too). Two "
             "nodes test each other as efa-doctor pair does, all devices rail to rail, for a "
             "second: two rounds of partners of chance, then up to three in which those who passed "
             "with nobody meet nodes that work. Devices that a process has open are not touched."},
    {.of = "mesh",
     .text = "Before a node is blamed, it is looked for what parts the nodes: where each test "
             "across one zone, VPC, type, set of security groups, subnet, placement group or "
             "version fails and none within does, that is the finding and no node is "
             "(mesh.split-by-place, mesh.split-by-software); sides that nothing explains are "
             "mesh.split. A node is blamed where it fails with two nodes that work, of each side. "
             "Ranks that do not come are named (--wait, 60 s)."},
    {.of = "mesh",
     .text = "It needs no PMIx, ssh or daemon: rank, number and the first node come from srun's "
             "environment, from mpirun's with --leader HOST (Open MPI, MPICH, Intel MPI; of Open "
             "MPI: mpirun --map-by ppr:1:node -x EFA_DOCTOR_MESH_TOKEN efa-doctor mesh --leader "
             "HOST), from an Indexed Job's (/usr/share/efa-doctor/kubernetes/efa-mesh-job.yaml, "
             "which runs the host's efa-doctor; its first lines say what to put in), or from "
             "--rank and --ranks. All ranks must know one token, of at least 16 letters."},
    {.of = "mesh",
     .text = "Exit code of rank 0: 0 all work, 1 some are slow, absent or were not tested, 2 nodes "
             "fail or are parted, 3 unknown. Never run on EFA hardware."},
    {.of = "s3",
     .text =
         "Credentials come from the environment, a web identity (IRSA), the shared AWS files, a "
         "container endpoint (ECS, EKS Pod Identity) or the instance's role, in that order; "
         "profile names a profile of the shared files. The service does not see home directories: "
         "set AWS_SHARED_CREDENTIALS_FILE in a drop-in, or use the role. Other servers: endpoint = "
         "\"https://store.example\"; a proxy: proxy = \"http://user:password@host:port\", where / "
         "in a password is written as %2F. Uploading is done by a process of its own (deliver-s3), "
         "the only one that holds keys, TLS and a connection."},
    {.of = "s3",
     .text = "A report is on disk (/var/lib/efa-doctor/spool) before the first try and leaves it "
             "when S3 has it. While S3 cannot be reached reports wait there; the oldest that say "
             "nothing new go first, the first report of a verdict never; files that are no reports "
             "go to spool/damaged/. What passes by itself is retried after up to 5 minutes; what "
             "someone has to put right (one request, however many wait) and a single report that "
             "S3 refuses after up to an hour or with the pass after that."},
};

}  // namespace efa
