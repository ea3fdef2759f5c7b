-- Which nodes have fallen silent: their newest report is older than a time. A node that was
-- terminated is among them.
-- Parameters: '2026-11-24' (how far to look back), '2026-11-25T03:40:00Z' (the newest report at least)
SELECT coalesce(node.instance_id, node.hostname) AS instance, max(run.started_at) AS last_report,
  max_by(verdict, run.started_at) AS last_verdict
FROM efa_doctor_reports
WHERE "date" >= ?
GROUP BY coalesce(node.instance_id, node.hostname)
HAVING max(run.started_at) < ?
ORDER BY last_report, instance
