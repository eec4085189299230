// Writes the venue's answer to the client. What the client does not take yet is copied off the connection to the venue while there is
// room for it, so that a slow reader does not hold that; without room the venue is paused. Never reorders, never drops a byte, and
// never writes an end that it was not told of.
import type { ServerResponse } from 'node:http';
import { type Block, createBlocks, type Room } from './byte-blocks.ts';
import type { Pace } from './pace.ts';
import type { PausedAnswers } from './paused-answers.ts';

export interface AnswerWriter {
  /** A part of the body; the head must have been given to the response. */
  write(chunk: Buffer): void;
  /** The venue's answer is whole: what is kept leaves first. `left` is called when all has been handed to the system. */
  end(left: () => void): void;
  /** Gives back all room, and writes nothing more. Idempotent. */
  stop(): void;
}

export interface AnswerWriterOptions {
  readonly response: ServerResponse;
  /** What is copied is counted here. */
  readonly room: Room;
  /** Bytes of one answer that are copied at most, and some more. */
  readonly maxBytes: number;
  /** Judges the client while it is waited for. */
  readonly pace: Pace;
  readonly venue: { pause(): void; resume(): void };
  /** Where it is counted while the venue waits for the client, and may be chosen to be cut. */
  readonly paused: PausedAnswers;
  readonly cut: () => void;
  /** The answer has moved on, by who is waited for. */
  moved(): void;
  /** All that the venue has given is written: the request's own end may be looked at. Called once, before `left`. */
  beforeEnd(end: () => void): void;
}

// Larger first bytes of an answer are written as they come: copying them would cost more than a second write does.
const HELD_BYTES = 16 * 1024;
/** So much at once of what was copied: the client is seen to move by no less. */
const PIECE_BYTES = 16 * 1024;

export function createAnswerWriter(options: AnswerWriterOptions): AnswerWriter {
  const { response, pace, venue } = options;
  const copies = createBlocks(options.room);
  // The first bytes of an answer, for the rest of the turn in which they came: a small answer leaves with its head, in one write.
  let held: Buffer | undefined;
  let mayHold = true;
  /** The client is waited for, and what comes meanwhile is copied. */
  let isFull = false;
  /** Set while the venue waits for the client. */
  let endPause: (() => void) | undefined;
  /** What was copied and is leaving now. */
  let leaving: Block | undefined;
  let left: (() => void) | undefined;
  let isEnding = false;
  let stopped = false;

  // The head waits for the first byte of the body, to leave with it, but not for a venue that takes its time to write one.
  setImmediate(() => {
    mayHold = false;
    if (stopped || response.writableEnded) return;
    if (held === undefined) response.flushHeaders();
    else writeHeld();
  });
  response.on('drain', onDrain).on('socket', onSocket);

  /** Behind another answer on its connection it is not the client that is waited for. */
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
    // What the system has not taken yet is waited for, too.
    waitForClient();
    options.beforeEnd(() => {
      if (stopped) return;
      // Node joins its head with a text, and with nothing else.
      if (held === undefined) response.end(done);
      else response.end(held.toString('latin1'), 'latin1', done);
    });
  }

  function copy(chunk: Buffer): void {
    const fits = copies.add(chunk);
    if (endPause !== undefined || (fits && copies.size() < options.maxBytes)) return;
    venue.pause();
    endPause = options.paused.begin(options.cut);
    // It may be this one that was cut.
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
