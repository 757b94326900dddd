#include "analysis/architecture.h"

#include <string.h>

/* Facts are those of transformers' modeling_*.py and configuration_*.py of each type: where norms stand, what is scaled,
 * what the class takes for absent keys. Gains begin at 1 (Gemma's and Nemotron's 1 + w at w = 0) and biases at 0.
 * Embeddings are drawn with the same standard deviation as weights, so that is the input's; positions that are learned
 * add as much. A final norm's output is what the head reads, so the cotangent stands behind it. */

// clang-format off
#define GATED     "def mlp(u) = w2(phi(wg(u, F)) * w1(u, F)); "
#define HEADS_NORMED \
    "def attn(u) = wo(attend(norm(wq(u, heads*head_width), groups=heads), norm(wk(u, kv_heads*head_width), " \
    "groups=kv_heads), wv(u, kv_heads*head_width))); "
#define ALL_NORMED \
    "def attn(u) = wo(attend(norm(wq(u, heads*head_width)), norm(wk(u, kv_heads*head_width)), " \
    "wv(u, kv_heads*head_width))); "
#define FINAL     "; final: x = norm(x)"
#define PRENORM   "y = x + attn(norm(x)); x = y + ffn(norm(y))"
#define PRENORM_GATED "y = x + attn(norm(x)); x = y + mlp(norm(y))"
#define PARALLEL  "u = norm(x); x = x + attn(u) + ffn(u)"
#define PARALLEL_GATED "u = norm(x); x = x + attn(u) + mlp(u)"
#define POSTNORM  "y = norm(x + attn(x)); x = norm(y + ffn(y))"

#define SIZES     "layers={num_hidden_layers} width={hidden_size} heads={num_attention_heads} ffn-width={intermediate_size}"
#define CAUSAL    " mask=causal"
#define UNMASKED  " mask=none"
#define RMS(eps)  " norm=rmsnorm eps={rms_norm_eps=" eps "}"
#define LAYERNORM " norm=layernorm eps="
#define ROPE(base) " rope={rope_theta={rope_parameters.rope_theta=" base "}}"
#define PARTIAL(part) " rotary={partial_rotary_factor={rope_parameters.partial_rotary_factor=" part "}}"
#define NORMAL(s) " init=normal:{initializer_range=" s "} input-scale={initializer_range=" s "}"
#define GROUPS    " kv-heads={num_key_value_heads=0}"
#define HEAD      " head-width={head_dim=0}"
#define SLIDING_LAYER(absent) "{layer_types?sliding_attention|full_attention=" absent "}"
#define FULL_LAYER(absent)    "{layer_types?full_attention|sliding_attention=" absent "}"
#define LLAMA     SIZES GROUPS CAUSAL " activation={hidden_act=silu}"

#define ALIBI_NOTE "alibi's slopes are 2^(-8h/H); where H is no power of 2 the model takes those of the next ones"
#define DECODER_NOTE "the decoder; m is what the encoder puts out, --memory-tokens long"

const struct architecture architectures[] = {
    {"llama", "", GATED PRENORM_GATED FINAL, LLAMA HEAD ROPE("10000") RMS("1e-6") NORMAL("0.02"), "", NULL},
    {"mistral", "", GATED PRENORM_GATED FINAL,
     SIZES " kv-heads={num_key_value_heads=8|0}" HEAD CAUSAL " window={sliding_window=4096|0} activation={hidden_act=silu}"
     ROPE("10000") RMS("1e-6") NORMAL("0.02"), "", NULL},
    {"mixtral", "", GATED "y = x + attn(norm(x)); x = y + moe(norm(y), body=mlp)" FINAL,
     SIZES " kv-heads={num_key_value_heads=8|0}" HEAD CAUSAL " window={sliding_window=0} activation={hidden_act=silu}"
     " experts={num_local_experts=8} top-k={num_experts_per_tok=2} router=renormalised"
     ROPE("1000000") RMS("1e-5") NORMAL("0.02"), "", NULL},
    {"qwen2", "{use_sliding_window=false}=false", GATED PRENORM_GATED FINAL,
     LLAMA ROPE("10000") RMS("1e-6") NORMAL("0.02"), "sliding_window max_window_layers use_mrope=false", NULL},
#define LATE_WINDOWS \
    "block if " SLIDING_LAYER("l > {max_window_layers=28}") ": y = x + attn(norm(x), window={sliding_window=4096|0}); " \
    "x = y + mlp(norm(y)); block: "
    {"qwen2", "{use_sliding_window=false}=true", GATED LATE_WINDOWS PRENORM_GATED FINAL,
     LLAMA ROPE("10000") RMS("1e-6") NORMAL("0.02"), "max_window_layers use_mrope=false", NULL},
    {"qwen3", "{use_sliding_window=false}=false", GATED HEADS_NORMED PRENORM_GATED FINAL,
     LLAMA " head-width={head_dim=128|0}" ROPE("10000") RMS("1e-6") NORMAL("0.02"),
     "sliding_window max_window_layers", NULL},
    {"qwen3", "{use_sliding_window=false}=true", GATED HEADS_NORMED LATE_WINDOWS PRENORM_GATED FINAL,
     LLAMA " head-width={head_dim=128|0}" ROPE("10000") RMS("1e-6") NORMAL("0.02"), "max_window_layers", NULL},
    {"qwen3_moe", "{use_sliding_window=false}=false {decoder_sparse_step=1}=1 {norm_topk_prob=false}=true",
     GATED HEADS_NORMED "y = x + attn(norm(x)); x = y + moe(norm(y), body=mlp, width={moe_intermediate_size=768})" FINAL,
     LLAMA HEAD " experts={num_experts={num_local_experts=128}} top-k={num_experts_per_tok=8} router=renormalised"
     ROPE("10000") RMS("1e-6") NORMAL("0.02"), "sliding_window max_window_layers", NULL},
    {"qwen3_moe", "{use_sliding_window=false}=false {decoder_sparse_step=1}=1 {norm_topk_prob=false}=false",
     GATED HEADS_NORMED "y = x + attn(norm(x)); x = y + moe(norm(y), body=mlp, width={moe_intermediate_size=768})" FINAL,
     LLAMA HEAD " experts={num_experts={num_local_experts=128}} top-k={num_experts_per_tok=8} router=switch"
     ROPE("10000") RMS("1e-6") NORMAL("0.02"), "sliding_window max_window_layers", NULL},

    {"gemma", "", GATED PRENORM_GATED FINAL,
     SIZES GROUPS " head-width={head_dim=256}" CAUSAL " activation={hidden_activation=gelu_tanh}"
     ROPE("10000") RMS("1e-6")
     " init=normal:{initializer_range=0.02} input-scale=[sqrt({hidden_size})*{initializer_range=0.02}]", "hidden_act", NULL},
    {"gemma2", "{sliding_window_size={sliding_window=4096}}={sliding_window=4096}",
     GATED "block if " FULL_LAYER("mod(l, 2) == 0") ": y = x + norm(attn(norm(x))); x = y + norm(mlp(norm(y))); "
     "block: y = x + norm(attn(norm(x), window={sliding_window=4096|0})); x = y + norm(mlp(norm(y)))" FINAL,
     SIZES " kv-heads={num_key_value_heads=4} head-width={head_dim=256}" CAUSAL
     " activation={hidden_activation=gelu_tanh} cap={attn_logit_softcapping=50|0}"
     " scale=[{query_pre_attn_scalar=256}^(-1/2)]" ROPE("10000") RMS("1e-6")
     " init=normal:{initializer_range=0.02} input-scale=[sqrt({hidden_size})*{initializer_range=0.02}]",
     "final_logit_softcapping hidden_act", NULL},
    {"gemma3_text", "", GATED HEADS_NORMED
     "block if " FULL_LAYER("mod(l, {sliding_window_pattern={_sliding_window_pattern=6}}) == 0") ": "
     "y = x + norm(attn(norm(x))); x = y + norm(mlp(norm(y))); "
     "block: y = x + norm(attn(norm(x), window={sliding_window=4096|0}, rope={rope_local_base_freq=10000}, rope_scaling=default)); "
     "x = y + norm(mlp(norm(y)))" FINAL,
     SIZES " kv-heads={num_key_value_heads=4} head-width={head_dim=256}" CAUSAL
     " activation={hidden_activation=gelu_tanh} cap={attn_logit_softcapping=0}"
     " scale=[{query_pre_attn_scalar=256}^(-1/2)]" ROPE("1000000") RMS("1e-6")
     " init=normal:{initializer_range=0.02} input-scale=[sqrt({hidden_size})*{initializer_range=0.02}]",
     "final_logit_softcapping sliding_window_pattern _sliding_window_pattern", NULL},

    {"gpt_oss", "{rope_scaling.rope_type={rope_parameters.rope_type=default}}=yarn",
     "def act(g) = g*sigmoid(1.702*g); def gate(s, v) = w2(s*v + s); def mlp(u) = gate(act(wg(u, F)), w1(u, F)); "
     "block if " FULL_LAYER("mod(l, 2) == 0") ": y = x + attn(norm(x)); x = y + moe(norm(y), body=mlp); "
     "block: y = x + attn(norm(x), window={sliding_window=128|0}); x = y + moe(norm(y), body=mlp)" FINAL,
     SIZES " kv-heads={num_key_value_heads=8} head-width={head_dim=64}" CAUSAL " sink=1 sink-sd={initializer_range=0.02}"
     " experts={num_local_experts=128} top-k={num_experts_per_tok=4} router=renormalised" ROPE("150000") RMS("1e-5")
     NORMAL("0.02"), "hidden_act experts_per_token initial_context_length swiglu_limit",
     "entries beyond swiglu_limit are clipped, which none are at initialisation; the router's biases begin within 0.02 of "
     "0, beside logits of about 1, here at 0"},
    {"phi3", "", GATED PRENORM_GATED FINAL,
     LLAMA " window={sliding_window=0}" ROPE("10000") PARTIAL("1") RMS("1e-5") NORMAL("0.02"),
     "original_max_position_embeddings", NULL},
    {"olmo", "", GATED PRENORM_GATED FINAL, LLAMA ROPE("10000") LAYERNORM "1e-5" NORMAL("0.02"), "", NULL},
    {"olmo2", "", GATED ALL_NORMED "y = x + norm(attn(x)); x = y + norm(mlp(y))" FINAL,
     LLAMA ROPE("10000") RMS("1e-5") NORMAL("0.02"), "", NULL},
    {"gpt2", "{scale_attn_weights=true}=true {scale_attn_by_inverse_layer_idx=false}=false {add_cross_attention=false}=false",
     PRENORM FINAL,
     "layers={n_layer} width={n_embd} heads={n_head} ffn-width={n_inner=[4*{n_embd}]} activation={activation_function=gelu_tanh}"
     CAUSAL LAYERNORM "{layer_norm_epsilon=1e-5} init=gpt2:{initializer_range=0.02}"
     " input-scale=[sqrt(2)*{initializer_range=0.02}]", "n_ctx n_positions", NULL},
    {"gpt2", "{scale_attn_weights=true}=true {scale_attn_by_inverse_layer_idx=false}=true {add_cross_attention=false}=false",
     "y = x + attn(norm(x), scale=1/(l*sqrt(head_width))); x = y + ffn(norm(y))" FINAL,
     "layers={n_layer} width={n_embd} heads={n_head} ffn-width={n_inner=[4*{n_embd}]} activation={activation_function=gelu_tanh}"
     CAUSAL LAYERNORM "{layer_norm_epsilon=1e-5} init=gpt2:{initializer_range=0.02}"
     " input-scale=[sqrt(2)*{initializer_range=0.02}]", "n_ctx n_positions", NULL},
#define NEOX SIZES CAUSAL " activation={hidden_act=gelu} rope={rotary_emb_base={rope_theta={rope_parameters.rope_theta=10000}}}" \
             " rotary={rotary_pct={rope_parameters.partial_rotary_factor=0.25}}" LAYERNORM "{layer_norm_eps=1e-5}" NORMAL("0.02")
    {"gpt_neox", "{use_parallel_residual=true}=true", PARALLEL FINAL, NEOX, "", NULL},
    {"gpt_neox", "{use_parallel_residual=true}=false", PRENORM FINAL, NEOX, "", NULL},
#define OPT "layers={num_hidden_layers} width={hidden_size} heads={num_attention_heads} ffn-width={ffn_dim}" CAUSAL \
            " activation={activation_function=relu}" LAYERNORM "1e-5 init=normal:{init_std=0.02} input-scale=[sqrt(2)*{init_std=0.02}]"
    {"opt", "{do_layer_norm_before=true}=true {word_embed_proj_dim={hidden_size}}={hidden_size} {_remove_final_layer_norm=false}=false",
     PRENORM FINAL, OPT, "", NULL},
    {"opt", "{do_layer_norm_before=true}=false {word_embed_proj_dim={hidden_size}}={hidden_size}", POSTNORM, OPT,
     "_remove_final_layer_norm", NULL},
#define BERT "{is_decoder=false}=false {position_embedding_type=absolute}=absolute {add_cross_attention=false}=false", POSTNORM, \
             SIZES UNMASKED " activation={hidden_act=gelu}" LAYERNORM "{layer_norm_eps=1e-12}" \
             " init=normal:{initializer_range=0.02} input-scale=1 input-correlation=[1/3]", "", \
             "the embedding's norm makes the input's scale 1; tokens have one of its three summands, the segment, in common"
    {"bert", BERT},
    {"roberta", BERT},
    {"vit", "", PRENORM FINAL,
     SIZES UNMASKED " activation={hidden_act=gelu} tokens=[floor({image_size=224}/{patch_size=16})^2+1]"
     LAYERNORM "{layer_norm_eps=1e-12} init=normal:{initializer_range=0.02}", "",
     "the law of the input is the images', so its scale stays at 1; patches and class token are the --tokens"},

#define FALCON "layers={num_hidden_layers={n_layer}} width={hidden_size} heads={num_attention_heads={n_head}}" \
               " ffn-width={ffn_hidden_size=[4*{hidden_size}]} activation={activation=gelu}" CAUSAL ROPE("10000") \
               LAYERNORM "{layer_norm_epsilon=1e-5}" NORMAL("0.02")
    {"falcon", "{new_decoder_architecture=false}=true {parallel_attn=true}=true {alibi=false}=false", PARALLEL FINAL,
     FALCON " kv-heads={num_kv_heads={n_head_kv=0}}", "multi_query num_ln_in_parallel_attn apply_residual_connection_post_layernorm=false", NULL},
    {"falcon", "{new_decoder_architecture=false}=false {parallel_attn=true}=true {multi_query=true}=true {alibi=false}=false",
     PARALLEL FINAL, FALCON " kv-heads=1", "num_kv_heads n_head_kv num_ln_in_parallel_attn apply_residual_connection_post_layernorm=false", NULL},
    {"falcon", "{new_decoder_architecture=false}=false {parallel_attn=true}=true {multi_query=true}=false {alibi=false}=false",
     PARALLEL FINAL, FALCON " kv-heads={num_kv_heads={n_head_kv=0}}", "num_ln_in_parallel_attn apply_residual_connection_post_layernorm=false", NULL},
    {"falcon", "{new_decoder_architecture=false}=false {parallel_attn=true}=false {multi_query=true}=true {alibi=false}=false",
     PRENORM FINAL, FALCON " kv-heads=1", "num_kv_heads n_head_kv num_ln_in_parallel_attn apply_residual_connection_post_layernorm=false", NULL},
    {"falcon", "{new_decoder_architecture=false}=false {parallel_attn=true}=false {multi_query=true}=false {alibi=false}=false",
     PRENORM FINAL, FALCON " kv-heads={num_kv_heads={n_head_kv=0}}", "num_ln_in_parallel_attn apply_residual_connection_post_layernorm=false", NULL},
    {"mpt",
     "{attn_config.alibi=true}=true {attn_config.alibi_bias_max=8}=8 {attn_config.qk_ln=false}=false "
     "{attn_config.prefix_lm=false}=false {attn_config.attn_type=multihead_attention}=multihead_attention {expansion_ratio=4}=4",
     PRENORM FINAL,
     "layers={n_layers} width={d_model} heads={n_heads} ffn-width=[4*{d_model}] activation=gelu bias=alibi"
     " scale={attn_config.softmax_scale=0}" CAUSAL LAYERNORM "{layer_norm_epsilon=1e-5}" NORMAL("0.02"),
     "attn_config.attn_impl attn_config.attn_uses_sequence_id learned_pos_emb no_bias verbose embedding_fraction init_device "
     "init_config norm_type fc_type ffn_config max_seq_len", ALIBI_NOTE},
#define BLOOM "layers={n_layer={num_hidden_layers}} width={hidden_size={n_embed}} heads={n_head={num_attention_heads}}" \
              " ffn-width=[4*{hidden_size={n_embed}}] activation=gelu_tanh bias=alibi_halves" CAUSAL \
              LAYERNORM "{layer_norm_epsilon=1e-5} init=normal:{initializer_range=0.02} input-scale=1"
#define BLOOM_IDLE "n_embed num_attention_heads skip_bias_add skip_bias_add_qkv bias_dropout_fusion masked_softmax_fusion " \
                   "attention_softmax_in_fp32 slow_but_exact offset_alibi seq_length n_inner"
    {"bloom", "{apply_residual_connection_post_layernorm=false}=false", PRENORM FINAL, BLOOM, BLOOM_IDLE, NULL},
    {"bloom", "{apply_residual_connection_post_layernorm=false}=true",
     "u = norm(x); y = u + attn(u); v = norm(y); x = v + ffn(v)" FINAL, BLOOM, BLOOM_IDLE, NULL},

    {"starcoder2", "{mlp_type=default}=default {norm_type=layer_norm}=layer_norm", PRENORM FINAL,
     SIZES " kv-heads={num_key_value_heads=2|0}" CAUSAL " window={sliding_window=0} activation={hidden_act=gelu_tanh}"
     ROPE("10000") LAYERNORM "{norm_epsilon=1e-5}" NORMAL("0.018042"), "layer_norm_epsilon", NULL},
#define COHERE LLAMA ROPE("10000") LAYERNORM "{layer_norm_eps=1e-5}" NORMAL("0.02"), "", NULL
    {"cohere", "{use_qk_norm=false}=false", GATED PARALLEL_GATED "; final: x = {logit_scale=0.0625}*norm(x)", COHERE},
    {"cohere", "{use_qk_norm=false}=true", GATED HEADS_NORMED PARALLEL_GATED "; final: x = {logit_scale=0.0625}*norm(x)", COHERE},
    {"granite", "",
     GATED "y = x + {residual_multiplier=1}*attn(norm(x)); x = y + {residual_multiplier=1}*mlp(norm(y)); "
     "final: x = norm(x)/{logits_scaling=1}",
     LLAMA " scale={attention_multiplier=1}" ROPE("10000") RMS("1e-6")
     " init=normal:{initializer_range=0.02} input-scale=[{embedding_multiplier=1}*{initializer_range=0.02}]", "", NULL},
#define STABLELM LLAMA ROPE("10000") PARTIAL("0.25") LAYERNORM "{layer_norm_eps=1e-5}" NORMAL("0.02"), "rope_pct", NULL
    {"stablelm", "{use_parallel_residual=false}=false {qk_layernorm=false}=false", GATED PRENORM_GATED FINAL, STABLELM},
    {"stablelm", "{use_parallel_residual=false}=true {qk_layernorm=false}=false", GATED PARALLEL_GATED FINAL, STABLELM},
    {"stablelm", "{use_parallel_residual=false}=false {qk_layernorm=false}=true", GATED HEADS_NORMED PRENORM_GATED FINAL, STABLELM},
    {"stablelm", "{use_parallel_residual=false}=true {qk_layernorm=false}=true", GATED HEADS_NORMED PARALLEL_GATED FINAL, STABLELM},
    {"nemotron", "", PRENORM FINAL,
     SIZES GROUPS HEAD CAUSAL " activation={hidden_act=relu2}" ROPE("10000") PARTIAL("0.5") LAYERNORM "{norm_eps=1e-5}"
     NORMAL("0.0134"), "", NULL},

#define LATENT(query) \
    GATED "def shared_expert(u, f) = w2(phi(wg(u, f)) * w1(u, f)); " \
    "def attn(u, c) = wo(attend(" query ", join(wkr(u, {qk_rope_head_dim=64}), wk(c, heads*{qk_nope_head_dim=128}), " \
    "parts=heads, repeat=heads), wv(c, heads*{v_head_dim=128}))); " \
    "block if l <= {first_k_dense_replace=3}: u = norm(x); y = x + attn(u, norm(wc(u, {kv_lora_rank=512}), eps=1e-6)); " \
    "x = y + mlp(norm(y)); " \
    "block: u = norm(x); y = x + attn(u, norm(wc(u, {kv_lora_rank=512}), eps=1e-6)); v = norm(y); " \
    "x = y + {routed_scaling_factor=2.5}*moe(v, body=mlp, width={moe_intermediate_size=2048}, " \
    "expert_groups={n_group=8}, top_groups={topk_group=4}) + shared_expert(v, [{n_shared_experts=1}*{moe_intermediate_size=2048}])" FINAL
#define DEEPSEEK \
    SIZES " head-width=[{qk_nope_head_dim=128}+{qk_rope_head_dim=64}]" CAUSAL " activation={hidden_act=silu}" \
    " experts={n_routed_experts=256} top-k={num_experts_per_tok=8} router=sigmoid" ROPE("10000") \
    " scale=[({qk_nope_head_dim=128}+{qk_rope_head_dim=64})^(-1/2)" \
    "*(1+0.1*{rope_scaling.mscale_all_dim=0}*log({rope_scaling.factor=1}))^2]" \
    " rotary=[{qk_rope_head_dim=64}/({qk_nope_head_dim=128}+{qk_rope_head_dim=64})]" RMS("1e-6") NORMAL("0.02"), \
    "num_key_value_heads rope_interleave topk_method ep_size aux_loss_alpha seq_aux num_nextn_predict_layers", NULL
#define DEEPSEEK_WHEN "{scoring_func=sigmoid}=sigmoid {norm_topk_prob=true}=true {moe_layer_freq=1}=1"
    {"deepseek_v3", DEEPSEEK_WHEN " {q_lora_rank=1536|none}=none", LATENT("wq(u, heads*head_width)"), DEEPSEEK},
    {"deepseek_v3", DEEPSEEK_WHEN, LATENT("wq(norm(wqc(u, {q_lora_rank=1536}), eps=1e-6), heads*head_width)"), DEEPSEEK},

#define T5(mlp) \
    "input m; y = x + attn(norm(x)); z = y + attn(norm(y), norm(m)); x = z + " mlp "(norm(z))" FINAL, \
    "layers={num_decoder_layers={num_layers}} width={d_model} heads={num_heads} head-width={d_kv} ffn-width={d_ff}" CAUSAL \
    " scale=1 bias=t5 bias-sd=[{initializer_factor=1}/sqrt({d_model})] norm=rmsnorm eps={layer_norm_epsilon=1e-6}" \
    " init='f = {initializer_factor=1}; w = f/sqrt(n); wq = f/sqrt(n*{d_kv})' input-scale={initializer_factor=1}"
#define T5_IDLE "num_layers feed_forward_proj is_gated_act dense_act_fn n_positions"
#define T5_BUCKETS "{relative_attention_num_buckets=32}=32 {relative_attention_max_distance=128}=128"
    {"t5", T5_BUCKETS " {feed_forward_proj=relu}=relu", T5("ffn") " activation=relu", T5_IDLE, DECODER_NOTE},
    {"t5", T5_BUCKETS " {feed_forward_proj=relu}=gated-gelu", GATED T5("mlp") " activation=gelu_tanh", T5_IDLE, DECODER_NOTE},
#define HALF "layers={decoder_layers} width={d_model} heads={decoder_attention_heads} ffn-width={decoder_ffn_dim}" CAUSAL \
             " activation={activation_function=gelu}" LAYERNORM "1e-5 init=normal:{init_std=0.02}"
#define HALF_IDLE "encoder_layers encoder_attention_heads encoder_ffn_dim num_hidden_layers"
    {"bart", "{normalize_before=false}=false {add_final_layer_norm=false}=false {normalize_embedding=true}=true",
     "input m; y = norm(x + attn(x)); z = norm(y + attn(y, m)); x = norm(z + ffn(z))", HALF " input-scale=1",
     HALF_IDLE " scale_embedding static_position_embeddings add_bias_logits extra_pos_embeddings", DECODER_NOTE},
    {"whisper", "{scale_embedding=false}=false",
     "input m; y = x + attn(norm(x)); z = y + attn(norm(y), norm(m)); x = z + ffn(norm(z))" FINAL,
     HALF " input-scale=[sqrt(2)*{init_std=0.02}]",
     HALF_IDLE " num_mel_bins apply_spec_augment mask_* median_filter_width begin_suppress_tokens suppress_tokens", DECODER_NOTE},
};
// clang-format on
const size_t architecture_count = sizeof architectures / sizeof *architectures;

// clang-format off
#define SCALING(key, absent) "{rope_scaling." key "={rope_parameters." key "=" absent "}}"
#define SCALING_OF(key)      "{rope_parameters." key "={rope_scaling." key "}}"
#define BY_FACTOR            " rope-factor=" SCALING_OF("factor")
#define LONG_FROM            " rope-length=" SCALING("original_max_position_embeddings", "{max_position_embeddings}")
#define YARN_WHEN \
    SCALING("beta_fast", "32") "=32 " SCALING("beta_slow", "1") "=1 " SCALING("mscale", "0") "=" SCALING("mscale_all_dim", "0")
#define YARN_GAIN \
    " rope-gain=" SCALING("attention_factor", "[(1+0.1*" SCALING("mscale", "1") "*log(" SCALING_OF("factor") \
    "))/(1+0.1*" SCALING("mscale_all_dim", "0") "*log(" SCALING_OF("factor") "))]")

const char architecture_rope[] = "{rope_scaling.rope_type={rope_scaling.type={rope_parameters.rope_type=default}}}";
const struct architecture architecture_ropes[] = {
    {"default", "", "", "", "", NULL},
    {"linear", "", "", " rope-scaling=linear" BY_FACTOR, "", NULL},
    {"dynamic", "", "", " rope-scaling=dynamic rope-length={max_position_embeddings}" BY_FACTOR, "", NULL},
    {"llama3", SCALING("low_freq_factor", "1") "=1 " SCALING("high_freq_factor", "4") "=4", "",
     " rope-scaling=llama3 rope-length=" SCALING_OF("original_max_position_embeddings") BY_FACTOR, "", NULL},
    {"yarn", YARN_WHEN " " SCALING("truncate", "true") "=true", "", " rope-scaling=yarn" LONG_FROM BY_FACTOR YARN_GAIN, "", NULL},
    {"yarn", YARN_WHEN " " SCALING("truncate", "true") "=false", "",
     " rope-scaling=yarn_exact" LONG_FROM BY_FACTOR YARN_GAIN, "", NULL},
};
// clang-format on
const size_t architecture_rope_count = sizeof architecture_ropes / sizeof *architecture_ropes;

const char *const architecture_idle[] = {
    // names, and how the program runs
    "_name_or_path",
    "model_type",
    "architectures",
    "auto_map*",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "use_cache",
    "cache_implementation",
    "return_dict*",
    "output_*",
    "torchscript",
    "pruned_heads*",
    "_commit_hash",
    "_attn_implementation*",
    "attn_implementation",
    "_flash_attn_2_enabled",
    "use_bfloat16",
    "pretraining_tp",
    "quantization_config*",
    "gradient_checkpointing",
    "tokenizer_class",
    "prefix",
    "problem_type",
    "task_specific_params*",
    "reorder_and_upcast_attn",
    "use_flash_attn",
    "is_encoder_decoder",
    "chunk_size_feed_forward",
    "tf_legacy_loss",
    "attn_config.model_type",
    // the vocabulary, the head, the loss
    "vocab_size",
    "*token_id",
    "*token_ids",
    "*_token",
    "type_vocab_size",
    "tie_word_embeddings",
    "tie_encoder_decoder",
    "*id2label*",
    "*label2id*",
    "num_labels",
    "summary_*",
    "classifier_*",
    "classif_*",
    "router_aux_loss_coef",
    "router_z_loss_coef",
    "forced_*",
    "pooler_*",
    "finetuning_task",
    "use_weighted_layer_sum",
    "final_logit_softcapping",
    // generation
    "max_length",
    "min_length",
    "num_beams",
    "num_beam_groups",
    "no_repeat_ngram_size",
    "early_stopping",
    "length_penalty",
    "do_sample",
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    // the length of the sequence, which is --tokens
    "max_position_embeddings",
    "max_sequence_length",
    "max_target_positions",
    "max_source_positions",
    "n_ctx",
    "image_size",
    "patch_size",
    "num_channels",
    "encoder_stride",
    "seq_length",
    // what is 0 or nothing at initialisation, or is taken away in a random way in training only
    "*dropout*",
    "*pdrop",
    "*layerdrop",
    "router_jitter_noise",
    "attention_bias",
    "mlp_bias",
    "qkv_bias",
    "use_bias",
    "use_qkv_bias",
    "bias",
    "enable_bias",
    "layer_norm_elementwise_affine",
    "rope_interleave",
    // spelled twice
    "rope_scaling.type",
    // of a type that has but one value for it
    "position_embedding_type=absolute",
    "add_cross_attention=false",
    "is_decoder=false",
    "layer_types=full_attention",
};
const size_t architecture_idle_count = sizeof architecture_idle / sizeof *architecture_idle;

const char *const architecture_layered[] = {"layer_types"};
const size_t architecture_layered_count = sizeof architecture_layered / sizeof *architecture_layered;

#define COUNTS 1, 1 << 22, true
#define LARGE  1e100
const struct architecture_number architecture_numbers[] = {
    {"sliding_window", 1, (1 << 30) - 1, true},
    {"max_window_layers", 0, 1 << 30, true},
    {"sliding_window_pattern", COUNTS},
    {"_sliding_window_pattern", COUNTS},
    {"rope_local_base_freq", 1 / LARGE, LARGE, false},
    {"query_pre_attn_scalar", 1 / LARGE, LARGE, false},
    {"image_size", COUNTS},
    {"patch_size", COUNTS},
    {"logit_scale", 1 / LARGE, LARGE, false},
    {"logits_scaling", 1 / LARGE, LARGE, false},
    {"residual_multiplier", -LARGE, LARGE, false},
    {"embedding_multiplier", 1 / LARGE, LARGE, false},
    {"routed_scaling_factor", -LARGE, LARGE, false},
    {"moe_intermediate_size", COUNTS},
    {"qk_rope_head_dim", COUNTS},
    {"qk_nope_head_dim", COUNTS},
    {"v_head_dim", COUNTS},
    {"kv_lora_rank", COUNTS},
    {"q_lora_rank", COUNTS},
    {"first_k_dense_replace", 0, 1 << 30, true},
    {"n_group", COUNTS},
    {"topk_group", COUNTS},
    {"n_shared_experts", COUNTS},
};
const size_t architecture_number_count = sizeof architecture_numbers / sizeof *architecture_numbers;

const struct architecture_pair architecture_pairs[] = {
    {"patch_size", "image_size", false},
    {"topk_group", "n_group", false},
    {"n_group", "n_routed_experts", true},
};
const size_t architecture_pair_count = sizeof architecture_pairs / sizeof *architecture_pairs;

const char *architecture_word(const char *word)
{
    static const char *const words[][2] = {
        {"swish", "silu"},          {"gelu_new", "gelu_tanh"},         {"gelu_pytorch_tanh", "gelu_tanh"},
        {"gelu_fast", "gelu_tanh"}, {"gelu_python_tanh", "gelu_tanh"}, {"gelu_python", "gelu"},
        {"linear", "identity"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], word) == 0)
            return words[i][1];
    return word;
}
