/** As an agent of Cilium 1.19 serves it, shortened. */
export const AGENT_PAGE = `# HELP cilium_bpf_map_pressure Fill percentage of map, tagged by map name
# TYPE cilium_bpf_map_pressure gauge
cilium_bpf_map_pressure{map_name="ct4_global"} 0.91
cilium_bpf_map_pressure{map_name="ct_any4_global"} 0.25
cilium_bpf_map_pressure{map_name="snat_v4_external"} 0.5
cilium_bpf_map_pressure{map_name="lb4_services_v2"} 1.25
cilium_bpf_map_pressure{map_name="policy"} 0.0625
# TYPE cilium_bpf_map_capacity gauge
cilium_bpf_map_capacity{map_group="ct4_global"} 524288
cilium_bpf_map_capacity{map_group="cilium_snat_v4_external"} 1000
cilium_bpf_map_capacity{map_group="ct_any6_global"} 262144
cilium_datapath_conntrack_gc_entries{family="ipv4",protocol="TCP",status="alive"} 10
cilium_datapath_conntrack_gc_entries{family="ipv6",protocol="non-TCP",status="alive"} 131072
cilium_datapath_conntrack_gc_entries{family="ipv6",protocol="non-TCP",status="deleted"} 7
cilium_datapath_conntrack_gc_runs_total{family="ipv4",protocol="TCP",status="completed"} 12
cilium_drop_count_total{direction="EGRESS",reason="Policy denied"} 41
cilium_drop_count_total{direction="INGRESS",reason="Policy denied"} 1
cilium_drop_count_total{direction="INGRESS",reason="Stale or unroutable IP"} 3
cilium_forward_count_total{direction="EGRESS"} 1e+06
`;
