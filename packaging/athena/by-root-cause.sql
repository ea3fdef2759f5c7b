-- What is wrong in the fleet now, and on how many nodes: root causes of the newest reports since a day.
-- Parameter: '2026-11-25'
SELECT cause, count(*) AS nodes, min(instance) AS one_of_them
FROM (
  SELECT coalesce(node.instance_id, node.hostname) AS instance, root_causes,
    row_number() OVER (PARTITION BY coalesce(node.instance_id, node.hostname)
                       ORDER BY run.started_at DESC) AS place
  FROM efa_doctor_reports
  WHERE "date" >= ?
) AS told
CROSS JOIN UNNEST(root_causes) AS causes (cause)
WHERE place = 1
GROUP BY cause
ORDER BY nodes DESC, cause
