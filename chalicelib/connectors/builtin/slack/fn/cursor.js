// cursor(answer): what the next page is asked for with, or null after the last.
const [answer] = args;
return answer.response_metadata?.next_cursor || null;
