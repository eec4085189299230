// What a Content-Type says of a body that is read as JSON.

const jsonInUtf8 = /^application\/json(?:[ \t]*;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?)?$/i;

/** RFC 9110 section 8.3: another charset, or another form than JSON, makes other members of the same bytes. */
export const isJsonInUtf8 = (contentType: string): boolean => jsonInUtf8.test(contentType.trim());

export const JSON_IN_UTF8 = 'the content type must be application/json, with charset=utf-8 or no parameter';
