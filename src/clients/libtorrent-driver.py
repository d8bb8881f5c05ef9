"""Reads a job file; answers `status` on standard input with a JSON line; `stop`, or the input's end, ends it."""

import json, os, sys, threading
import libtorrent as lt

job = json.load(open(sys.argv[1]))
session_file = os.path.join(job['state'], 'session')
resume_file = os.path.join(job['state'], 'resume')

def say(**what):
    print(json.dumps(what), flush=True)

def load(path):
    return open(path, 'rb').read() if os.path.exists(path) else None

def keep(path, data):
    with open(path + '.new', 'wb') as file:
        file.write(data)
    os.replace(path + '.new', path)

saved = load(session_file)
params = lt.read_session_params(saved) if saved else lt.session_params()
alerts = lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
params.settings = {**job['settings'], 'alert_mask': alerts}
session = lt.session(params)

resume = load(resume_file)
if resume:
    add = lt.read_resume_data(resume)
elif job['magnet']:
    add = lt.parse_magnet_uri(job['magnet'])
else:
    add = lt.add_torrent_params()
    add.ti = lt.torrent_info(job['file'])
add.save_path = job['downloads']
if not job['pex']:
    add.flags |= lt.torrent_flags.disable_pex
torrent = session.add_torrent(add)
say(report='accepted')

# Not by wait_for_alert: the alert it gives may move while Python reads it, which ends the process.
told, tell = os.pipe()
session.set_alert_fd(tell)

def log():
    while True:
        os.read(told, 4096)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.save_resume_data_alert):
                keep(resume_file, lt.write_resume_data_buf(alert.params))
                return
            if isinstance(alert, lt.save_resume_data_failed_alert):
                return
            print(alert.what(), alert.message(), file=sys.stderr, flush=True)

logging = threading.Thread(target=log)
logging.start()

for line in sys.stdin:
    if line.strip() == 'stop':
        break
    status = torrent.status()
    say(report='status', downloadedBytes=status.total_payload_download, peers=status.num_peers,
        dhtNodes=session.status().dht_nodes)

session.pause()
torrent.save_resume_data(1 << 1)  # save_info_dict
logging.join()
keep(session_file, lt.bencode(session.save_state()))
