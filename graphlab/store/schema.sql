-- A recording: what one run of a script left, as facts in the order in which they happened.
--
-- Format versions (meta.format): 1, the first; 2, steps hold their spans and losses, steps recorded light are packed.
--
-- Ids are numbers in order of creation, never addresses, so two recordings of one scenario with one seed hold the
-- same rows in the same order (events.time apart). An event's number is its id; 0 means "before the first event".
-- Rows are only ever added, but for meta.value, steps and spans (which grow while the run does) and nodes.kind (a
-- leaf turns out to be a parameter when the script first updates it). Nothing in here is ever run: it is text,
-- numbers, and the bytes of tensors.

-- One row a fact about the run as a whole; value is JSON. Keys: format, graphlab, scenario, script, argv, device,
-- torch, python, seed, detail, values, status (running, ok, error, interrupted,
-- cut_off: it could not be written to the end of the run), error, parameters, notes, modules ({path: class}),
-- settings ({name: what a comparison of two runs tells of how each reckoned}; older recordings lack them).
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The script's own files as they were when they ran; path is relative to the script's folder.
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL, text TEXT NOT NULL);

-- The script itself (1) and each call of one of its functions. last is the event at which it returned.
CREATE TABLE frames (
    id INTEGER PRIMARY KEY, parent INTEGER, function TEXT NOT NULL, file INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER
);

-- What happened. kind: line, op, backward_start, gradient, accumulate, backward_end, zero_grad, unscale, clip,
-- update, skipped_update, static_graph, metric, output, error. data is JSON:
--   op              {"call": "torch.mm", "outputs": [state of a tensor, …], "inplace": true}
--   backward_start  {"call": "backward" | "grad", "roots": [output node, …], "losses": [number, …],
--                   "again": true (an optimizer's step ran it, and not as its first: a closure of LBFGS)}
--   update          {"optimizer": "SGD" | null, "rates": [the learning rate of each group of parameters, …]}
--   skipped_update  {"optimizer": "SGD"}
--   metric          {name: number, …}
--   static_graph    what a tracer made, as `static_graph.encode` writes it: {"tracer", "target", "nodes": [{"id", "kind",
--                   "op", "call", "name", "module", "line", "shape", "dtype", "inputs": [node, …], …}, …], "failure", …}
--   output          {"stream": "stdout" | "stderr"}
--   error           {"type", "message", "file", "line", "traceback"}
CREATE TABLE events (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, time REAL NOT NULL, file INTEGER, line INTEGER, frame INTEGER,
    node INTEGER, text TEXT NOT NULL, data TEXT
);
CREATE INDEX events_by_kind ON events (kind, id);
CREATE INDEX events_by_line ON events (line, id);
CREATE INDEX events_by_node ON events (node, id);

-- Of the step that is under way: runs of events that share a phase (setup, forward, backward, update). Events after
-- the last span belong to that step too; when it has ended, its row of steps has its spans.
CREATE TABLE spans (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, step INTEGER NOT NULL, phase TEXT NOT NULL);

-- Each training step in full detail that has ended: its events, and autograd's own count of the nodes and edges of its
-- backwards. losses: the scalars at which they began, 64-bit reals. again: which of them an optimizer ran once more,
-- as text (`1,2`). spans: the phases of its events and the last event of each (`setup 12 forward 40`).
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, nodes INTEGER NOT NULL,
    edges INTEGER NOT NULL, losses BLOB NOT NULL, again TEXT NOT NULL, spans TEXT NOT NULL
);

-- Steps that other threads than the one that the recording began in ran, or took part in, and how these are called.
CREATE TABLE step_threads (step INTEGER NOT NULL, thread TEXT NOT NULL, PRIMARY KEY (step, thread)) WITHOUT ROWID;

-- Steps in light detail, as many in a row as share an outline. first: the first of these steps; event: the number
-- of the first event that is in no step before. data holds, for each step, as 32-bit integers: for each event of the
-- outline its number less `event`; for each backward_start its graph (0: not kept); autograd's count of nodes and of
-- edges. Then, for each step, as 64-bit reals: seconds since the run began; the losses; the learning rates; the
-- metrics; a figure for each leaf: the 2-norm of its .grad when the last backward had ended (the number itself of a
-- leaf with one element). What is not there (a gradient that is None) is the NaN with the bits 0x7ff80000676c6162.
CREATE TABLE light_steps (
    first INTEGER PRIMARY KEY, count INTEGER NOT NULL, event INTEGER NOT NULL, outline INTEGER NOT NULL,
    data BLOB NOT NULL
);

-- What light steps have in common; data is JSON: {"events": [{"kind", "file", "line", "call", "losses": how many,
-- "again", "optimizer"}, …], "rates": [optimizer, …], "metrics": [name, …], "leaves": [node, …]}.
CREATE TABLE outlines (id INTEGER PRIMARY KEY, data TEXT NOT NULL);

-- Each backward of a step in full detail: the event that started it, the graph it ran through (a structure, shared by
-- all that repeat it), and the nodes that autograd reaches from its roots, as 32-bit numbers in ascending order.
CREATE TABLE backwards (
    event INTEGER PRIMARY KEY, graph INTEGER NOT NULL, nodes BLOB NOT NULL, edges INTEGER NOT NULL
);

-- Each distinct structure that a backward ran through; torchviz is torchviz's own DOT text of it, where it could
-- draw it, with numbers in order of appearance instead of addresses. Light steps that repeat a structure share its
-- nodes and edges: nodes and roots (its output nodes) name them as 32-bit numbers; measured holds pairs of node and
-- slot (as in gradients), in the order of the norms in edge_norms. All three are NULL for what only full steps ran.
CREATE TABLE graphs (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, torchviz TEXT, nodes BLOB, roots BLOB, measured BLOB
);

-- Of light steps on the schedule: the 2-norms of the gradients inside a graph, as 64-bit reals. event: backward_end.
CREATE TABLE edge_norms (event INTEGER PRIMARY KEY, graph INTEGER NOT NULL, norms BLOB NOT NULL);

-- The nodes. kind: op (a grad_fn), parameter and leaf (AccumulateGrad), data (takes part without requiring grad),
-- output (where a backward began). op is grad_fn.name() word for word, call the torch call that made it, name a
-- parameter's dotted name. event is the event that made it.
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, event INTEGER NOT NULL, op TEXT, call TEXT, name TEXT, module TEXT,
    file INTEGER, line INTEGER, shape TEXT, dtype TEXT, device TEXT
);
CREATE INDEX nodes_by_event ON nodes (event);

-- Leaves whose tensors were let go (a parameter that was replaced), and the last event before the next backward: from
-- that backward's step on they are no part of the run. An event that never comes: another tensor has taken its place.
CREATE TABLE gone (node INTEGER PRIMARY KEY, event INTEGER NOT NULL) WITHOUT ROWID;

-- Remarks: what is no event but means much for gradients, as of the last event before it. tensor: the state of the
-- tensor that it is about. Recordings made before there were remarks have no such table. kind, text and data (JSON):
--   exit            a tensor with a graph became a number, an array or data: the call (`item`, `numpy`, `data`);
--                   {"made": state of the tensor that `.data` gave}
--   grad_of_result  the script asked a tensor that is no leaf for its .grad, and got None
--   mode            a dropout or batch norm ran: its call; {"training", "grad": whether autograd recorded, "module",
--                   "apart": true (its module alone is in training mode, the outermost that runs is not)}
--   resting         light: modules that a backward found in eval mode; {"modules": [path, …], "count", "of"}
--   kept_graph      a backward began with retain_graph or create_graph: which
--   optimizer       an optimizer was met, or has other parameters: its class; {"number", "nodes": [node, …],
--                   "frozen": [node of what does not require grad, …], "rates": [number, …]}
--   step            an optimizer steps; {"optimizer": its number}
--   idle_step       an optimizer stepped, and none of its parameters had a gradient; {"optimizer": its number}
--   unzeroed        light: an optimizer stepped with gradients that nothing had zeroed since its last step
--   held            a variable leads to graphs of earlier steps: its name; {"steps", "nodes", "of": steps so far}
CREATE TABLE remarks (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL, kind TEXT NOT NULL, file INTEGER, line INTEGER, tensor INTEGER,
    text TEXT NOT NULL, data TEXT
);

-- The edges in the direction of the forward data. slot: which of the target's inputs (the index in
-- grad_fn.next_functions; data beyond those counts on); output: which of the source's outputs; label: views of
-- data on the way, which are no nodes.
CREATE TABLE edges (
    target INTEGER NOT NULL, slot INTEGER NOT NULL, source INTEGER NOT NULL, output INTEGER NOT NULL,
    event INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (target, slot)
) WITHOUT ROWID;

-- Tensors that a grad_fn keeps for its backward (_saved_self and its like).
CREATE TABLE saved (
    node INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL, dtype TEXT NOT NULL, PRIMARY KEY (node, name)
) WITHOUT ROWID;

-- With what a grad_fn's backward will reckon. numbers: what it keeps beside tensors, as JSON (with NaN, Infinity); made_by among
-- them is the node whose backward made this one (create_graph). tensors:
-- lines of a name, as in saved, and the state of that tensor, or, with a minus, the snapshot of what no state holds.
-- Recordings of an early version 2 lack this table.
CREATE TABLE arguments (node INTEGER PRIMARY KEY, numbers TEXT NOT NULL, tensors TEXT NOT NULL);

-- States of tensors: an in-place change makes a new row with the same object (the id of the first state). node:
-- the node it is an output of, or for data the node itself; label: the views between that node and this tensor.
CREATE TABLE tensors (
    id INTEGER PRIMARY KEY, object INTEGER NOT NULL, event INTEGER NOT NULL, node INTEGER, output INTEGER NOT NULL,
    label TEXT NOT NULL, shape TEXT NOT NULL, dtype TEXT NOT NULL, device TEXT NOT NULL,
    requires_grad INTEGER NOT NULL, snapshot INTEGER
);
CREATE INDEX tensors_by_object ON tensors (object);
CREATE INDEX tensors_by_node ON tensors (node, event);

-- Which tensors an op read, in the order of its arguments.
CREATE TABLE uses (
    event INTEGER NOT NULL, position INTEGER NOT NULL, tensor INTEGER NOT NULL, PRIMARY KEY (event, position)
) WITHOUT ROWID;
CREATE INDEX uses_by_tensor ON uses (tensor);

-- What a variable held from the end of a line on. kind: tensor (object says which), number or other (text says it),
-- gone (deleted). element is 1 for a part of a container (params[0]), which names a node but is no variable.
CREATE TABLE bindings (
    id INTEGER PRIMARY KEY, event INTEGER NOT NULL, frame INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    object INTEGER, text TEXT NOT NULL, element INTEGER NOT NULL
);
CREATE INDEX bindings_by_name ON bindings (frame, name, event);
CREATE INDEX bindings_by_event ON bindings (event);

-- Gradients, as the engine handed them over. slot n >= 0: the gradient of the edge into the node's input n.
-- slot -1 - n: the upstream gradient of the node's output n (the sum of what came). snapshot NULL: it was None.
CREATE TABLE gradients (
    node INTEGER NOT NULL, slot INTEGER NOT NULL, event INTEGER NOT NULL, snapshot INTEGER,
    PRIMARY KEY (node, slot, event)
) WITHOUT ROWID;

-- What an event changed in a leaf. what: grad or value. added: the gradient that came (accumulate). difference:
-- the 2-norm of after - before (NULL for accumulate, where it is the norm of added).
CREATE TABLE changes (
    event INTEGER NOT NULL, node INTEGER NOT NULL, what TEXT NOT NULL, before INTEGER, added INTEGER, after INTEGER,
    difference REAL, PRIMARY KEY (event, node)
) WITHOUT ROWID;
CREATE INDEX changes_by_node ON changes (node, what, event);

-- What an optimizer kept for a parameter after an update: name is its own word for it (exp_avg and exp_avg_sq are Adam's
-- moments, momentum_buffer is SGD's). Recordings of an early version 2 lack this table.
CREATE TABLE optimizer_states (
    event INTEGER NOT NULL, node INTEGER NOT NULL, name TEXT NOT NULL, snapshot INTEGER NOT NULL,
    PRIMARY KEY (node, event, name)
) WITHOUT ROWID;

-- What was kept of a tensor's values. stored: numpy's name of the dtype of data; stride n: every n-th element.
-- norm, minimum, maximum: exact, where data does not hold every element.
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY, shape TEXT NOT NULL, dtype TEXT NOT NULL, device TEXT NOT NULL, stored TEXT NOT NULL,
    stride INTEGER NOT NULL, data BLOB, norm REAL, minimum REAL, maximum REAL
);
