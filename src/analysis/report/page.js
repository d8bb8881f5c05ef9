/**
 * What moves in the report: sorting, filtering, and the drill-down from a cell to a trial, each with an address of its
 * own after the #. The conclusions, the table and the figures are plain HTML and need none of this.
 *
 *   #cells&client=a&killSwitch=b&fault=c&sort=gap&down=1    the table, filtered and sorted
 *   #cell=3                                                 a cell
 *   #trial=t0001                                            a trial
 *   #figure-gap, #open, ...                                 a place of the page
 */
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const drill = document.getElementById('drill');
  const table = document.getElementById('cell-table');
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const filters = [...document.querySelectorAll('.filters select')];
  const shown = document.getElementById('shown');

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const link = (hash, text) => element('a', { href: `#${hash}` }, text);
  const facts = (pairs) =>
    element('dl', {}, ...pairs.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
  const grid = (label, head, lines) => {
    const thead = element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text))));
    const cells = (line) =>
      line.map((value, index) => element('td', { className: index === line.length - 1 ? 'wrap' : '' }, value));
    const tbody = element('tbody', {}, ...lines.map((line) => element('tr', {}, ...cells(line))));
    const region = element('div', { className: 'scroll', tabIndex: 0 }, element('table', {}, thead, tbody));
    region.setAttribute('role', 'region');
    region.setAttribute('aria-label', label);
    return region;
  };

  function showCells(parameters) {
    for (const filter of filters) filter.value = parameters.get(filter.name) ?? '';
    let count = 0;
    for (const row of rows) {
      row.hidden = filters.some((filter) => filter.value !== '' && row.dataset[filter.name] !== filter.value);
      if (!row.hidden) count += 1;
    }
    shown.textContent = `${count} of ${rows.length} cells shown`;
    sortBy(parameters.get('sort'), parameters.has('down'));
  }

  function sortBy(column, down) {
    for (const head of table.tHead.rows[0].cells) head.removeAttribute('aria-sort');
    const head = table.tHead.querySelector(`[data-column="${CSS.escape(column ?? '')}"]`);
    if (head === null) {
      body.append(...rows);
      return;
    }
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const index = head.cellIndex;
    const key = (row) => row.cells[index].dataset.value ?? row.cells[index].textContent;
    const missing = (row) => row.cells[index].dataset.value === '';
    const order = (a, b) => {
      if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
      const [x, y] = [key(a), key(b)];
      const numbers = Number(x) - Number(y);
      const way = Number.isNaN(numbers) ? (x < y ? -1 : x > y ? 1 : 0) : numbers;
      return down ? -way : way;
    };
    body.append(...[...rows].sort(order));
  }

  function tableAddress(changes) {
    const parameters = new URLSearchParams();
    for (const filter of filters) if (filter.value !== '') parameters.set(filter.name, filter.value);
    const sorted = table.tHead.querySelector('[aria-sort]');
    if (sorted !== null) parameters.set('sort', sorted.dataset.column);
    if (sorted?.getAttribute('aria-sort') === 'descending') parameters.set('down', '1');
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) parameters.delete(name);
      else parameters.set(name, value);
    }
    const text = parameters.toString();
    return text === '' ? 'cells' : `cells&${text}`;
  }

  function showCell(number) {
    const cell = data.cells[number];
    if (cell === undefined) return notFound(`cell ${number}`);
    const trials = data.trials.filter((trial) => trial.cell === number);
    const lines = trials.map(({ trial, verdict, gap, packets, exposed, recovery, reason, picture }) => {
      return [
        link(`trial=${trial}`, picture ? `${trial} (picture)` : trial),
        verdict,
        gap,
        packets,
        exposed,
        recovery,
        reason,
      ];
    });
    const head = ['Trial', 'Verdict', 'Gap', 'Clear packets', 'Third parties', 'Recovery', 'Reason'];
    show(
      element('h2', { tabIndex: -1 }, `Cell: ${cell.title}`),
      element('p', {}, link('cells', 'All cells')),
      facts(cell.facts),
      grid(`Trials of ${cell.title}`, head, lines),
    );
  }

  function showTrial(id) {
    const trial = data.trials.find((one) => one.trial === id);
    if (trial === undefined) return notFound(`trial ${id}`);
    const cell = data.cells[trial.cell];
    const parts = [
      element('h2', { tabIndex: -1 }, `Trial ${id}`),
      element('p', {}, link(`cell=${trial.cell}`, cell.title)),
      facts([
        ['Verdict', `${trial.verdict}: ${trial.reason}`],
        ['Gap', trial.gap],
        ['Clear packets of the outage', trial.packets],
        ['Third parties that learnt the address', trial.exposed],
        ['Recovery', trial.recovery],
        ['Files', `trials/${id}/`],
      ]),
    ];
    const picture = document.getElementById(`picture-${id}`);
    if (picture === null) parts.push(element('p', { className: 'muted' }, data.noPicture.replaceAll('ID', id)));
    else parts.push(picture.content.cloneNode(true));
    show(...parts);
  }

  const notFound = (what) => show(element('h2', { tabIndex: -1 }, `There is no ${what} in this report`));

  function show(...parts) {
    drill.replaceChildren(...parts);
    drill.querySelector('h2').focus({ preventScroll: true });
    drill.scrollIntoView();
  }

  function route() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    if (parameters.has('cell')) showCell(Number(parameters.get('cell')));
    else if (parameters.has('trial')) showTrial(parameters.get('trial'));
    else {
      drill.replaceChildren();
      if (!parameters.has('cells')) return;
      showCells(parameters);
      if (location.hash !== '#cells') document.getElementById('cells').scrollIntoView();
    }
  }

  for (const filter of filters) {
    filter.addEventListener('change', () => (location.hash = tableAddress({ [filter.name]: filter.value || null })));
  }
  document.getElementById('reset').addEventListener('click', () => (location.hash = 'cells'));
  for (const button of table.tHead.querySelectorAll('button')) {
    button.addEventListener('click', () => {
      const head = button.closest('th');
      const down = head.getAttribute('aria-sort') === 'ascending' ? '1' : null;
      location.hash = tableAddress({ sort: head.dataset.column, down });
    });
  }
  addEventListener('hashchange', route);
  showCells(new URLSearchParams());
  route();
})();
