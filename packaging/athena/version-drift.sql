-- Which versions run side by side: nodes by instance type and versions, of the newest reports. Of
-- libfabric, rdma-core and NCCL's plugin the package of the EFA installer; nodes without it have none.
-- Parameter: '2026-11-25'
SELECT instance_type, kernel, efa_version, installer_version, libfabric, rdma_core, plugin,
  agent_version, count(*) AS nodes, min(instance) AS one_of_them
FROM (
  SELECT instance, instance_type, kernel, efa_version, installer_version, agent_version,
    min(CASE WHEN package LIKE 'libfabric%' THEN package END) AS libfabric,
    min(CASE WHEN package LIKE 'rdma-core%' THEN package END) AS rdma_core,
    min(CASE WHEN package LIKE 'libnccl-ofi%' THEN package END) AS plugin
  FROM (
    SELECT coalesce(node.instance_id, node.hostname) AS instance,
      node.instance_type AS instance_type, node.kernel AS kernel,
      facts.kernel.efa_version AS efa_version,
      facts.software.installer_version AS installer_version,
      facts.software.installer_packages AS packages, agent.version AS agent_version,
      row_number() OVER (PARTITION BY coalesce(node.instance_id, node.hostname)
                         ORDER BY run.started_at DESC) AS place
    FROM efa_doctor_reports
    WHERE "date" >= ?
  ) AS told
  LEFT JOIN UNNEST(packages) AS of_installer (package) ON TRUE
  WHERE place = 1
  GROUP BY instance, instance_type, kernel, efa_version, installer_version, agent_version
) AS newest
GROUP BY instance_type, kernel, efa_version, installer_version, libfabric, rdma_core, plugin,
  agent_version
ORDER BY instance_type, nodes DESC, kernel, efa_version
