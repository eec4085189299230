// Writes the venue's answer to the client. For a slow reader the answer is buffered while there is room, so that the connection to the venue
// becomes free; without room the venue is paused. Never reorders or drops a byte, and never ends an answer that the venue did not end.
import type { ServerResponse } from 'node:http';
import { type Block, createBlocks, type Room } from './byte-blocks.ts';
import type { Pace } from './pace.ts';
import type { PausedAnswers } from './paused-answers.ts';

export interface AnswerWriter {
  /** A part of the body; the head must have been given to the response. */
  write(chunk: Buffer): void;
  /** The venue's answer is complete. `left` is called when all of it, the buffer included, was handed to the system. */
  end(left: () => void): void;
  /** Gives back all room and writes nothing more. Idempotent. */
  stop(): void;
}

export interface AnswerWriterOptions {
  readonly response: ServerResponse;
  /** Buffered bytes are taken from it. */
  readonly room: Room;
  /** Buffered bytes of one answer; may be exceeded by one chunk. */
  readonly maxBytes: number;
  /** Judges the client while it is waited for. */
  readonly pace: Pace;
  readonly venue: { pause(): void; resume(): void };
  /** Counts the answer while the venue is paused for it, and may cut it. */
  readonly paused: PausedAnswers;
  readonly cut: () => void;
  /** The side that was waited for has moved. */
  moved(): void;
  /** Called once, when all but the end is written; `end` ends the answer. */
  beforeEnd(end: () => void): void;
}

// A larger first chunk is written as it comes: copying it would cost more than a second write.
const HELD_BYTES = 16 * 1024;
/** The buffer is written in pieces of this size: the client's progress is measured in them. */
const PIECE_BYTES = 16 * 1024;

export function createAnswerWriter(options: AnswerWriterOptions): AnswerWriter {
  const { response, pace, venue } = options;
  const copies = createBlocks(options.room);
  // The first chunk, held until the end of its turn of the event loop: a small answer leaves with its head in one write.
  let held: Buffer | undefined;
  let mayHold = true;
  /** The client is waited for; what arrives is buffered. */
  let isFull = false;
  /** Set while the venue waits for the client. */
  let endPause: (() => void) | undefined;
  /** The part of the buffer that is being written. */
  let leaving: Block | undefined;
  let left: (() => void) | undefined;
  let isEnding = false;
  let stopped = false;

  // The head waits one turn for the first chunk, to leave with it.
  setImmediate(() => {
    mayHold = false;
    if (stopped || response.writableEnded) return;
    if (held === undefined) response.flushHeaders();
    else writeHeld();
  });
  response.on('drain', onDrain).on('socket', onSocket);

  /** Without a socket the answer waits behind another on its connection: that is not the client's slowness. */
  function waitForClient(): void {
    if (response.socket !== null) pace.wait();
  }

  function onSocket(): void {
    if (isFull || isEnding) pace.wait();
  }

  function writeHeld(): void {
    const first = held;
    held = undefined;
    if (first !== undefined) writeNow(first);
  }

  function writeNow(chunk: Buffer): void {
    pace.moved(chunk.length);
    if (response.write(chunk)) return;
    isFull = true;
    waitForClient();
  }

  function onDrain(): void {
    if (stopped || !isFull || leaving !== undefined) return;
    options.moved();
    writeNext();
  }

  function writeNext(): void {
    leaving = copies.shift();
    if (leaving !== undefined) {
      writePiece(leaving, 0);
      return;
    }
    isFull = false;
    pace.rest();
    if (left !== undefined) endNow(left);
    else if (endPause !== undefined) {
      endPause();
      endPause = undefined;
      venue.resume();
    }
  }

  function writePiece(block: Block, from: number): void {
    const piece = block.bytes.subarray(from, from + PIECE_BYTES);
    response.write(piece, () => {
      if (stopped) return;
      pace.moved(piece.length);
      options.moved();
      const next = from + piece.length;
      if (next < block.bytes.length) writePiece(block, next);
      else {
        block.written();
        writeNext();
      }
    });
  }

  function endNow(done: () => void): void {
    if (isEnding) return;
    isEnding = true;
    // The system may not have taken everything yet: that is waiting too.
    waitForClient();
    options.beforeEnd(() => {
      if (stopped) return;
      // Node joins the head with a string, never with a Buffer.
      if (held === undefined) response.end(done);
      else response.end(held.toString('latin1'), 'latin1', done);
    });
  }

  function copy(chunk: Buffer): void {
    const fits = copies.add(chunk);
    if (endPause !== undefined || (fits && copies.size() < options.maxBytes)) return;
    venue.pause();
    endPause = options.paused.begin(options.cut);
    // `begin` may have cut this very answer.
    if (stopped) endPause();
  }

  return {
    write(chunk) {
      if (stopped) return;
      if (!isFull) options.moved();
      if (mayHold && chunk.length <= HELD_BYTES) {
        mayHold = false;
        held = chunk;
        return;
      }
      mayHold = false;
      writeHeld();
      if (isFull) copy(chunk);
      else writeNow(chunk);
    },
    end(done) {
      left = done;
      if (copies.size() === 0 && leaving === undefined) endNow(done);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      pace.stop();
      endPause?.();
      copies.clear();
      leaving?.written();
      response.off('drain', onDrain).off('socket', onSocket);
    },
  };
}
