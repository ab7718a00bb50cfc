-- Items that one reader answered on more than one device: every answer, none of them lost.
CREATE VIEW v_conflicts AS
WITH locked AS (
    SELECT actor AS reader, body ->> '$.item' AS item, chain, chain_seq, at, body
    FROM event WHERE kind = 'read.locked'
), twice AS (
    SELECT reader, item FROM locked GROUP BY reader, item HAVING count(DISTINCT chain) > 1
)
SELECT l.reader, l.item, l.chain, l.chain_seq, l.at, a.value ->> '$.finding' AS finding,
    a.value ->> '$.answer.level' AS level_no, a.value ->> '$.answer.no_answer' AS no_answer
FROM twice AS t
JOIN locked AS l ON l.reader = t.reader AND l.item = t.item, json_each(l.body, '$.answers') AS a;
